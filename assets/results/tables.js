// A study's tables: value {tables: [{title, head, rows}], note, empty}.
import {make} from '../page/dom.js';

const cells = (tag, row) => row.map((text, column) => (column && tag === 'td'
  ? make('td', {class: 'mw-number'}, text) : make('th', {scope: tag === 'td' ? 'row' : 'col'}, text)));

const table = ({title, head, rows}) => make('div', {class: 'mw-scroll', tabindex: 0, role: 'group', 'aria-label': title},
  make('table', {class: 'mw-table'}, make('caption', {class: 'mw-caption'}, title),
    make('thead', {}, make('tr', {}, ...cells('th', head))),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...cells('td', row))))));

export const mount = (view) => {
  const body = make('div'), note = make('p', {class: 'mw-note'});
  view.root.append(view.heading(), body, note);
  view.root.classList.add('mw-card');
  view.follow(({tables = [], note: words = '', empty = ''}) => {
    body.replaceChildren(...tables.map(table));
    note.textContent = tables.length ? words : empty;
  });
};
