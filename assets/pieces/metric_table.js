import {make} from '../page/dom.js';

const row = ({name, title, text, arrow, direction, meaning}) => make('tr', {'data-name': name},
  make('th', {scope: 'row'}, make('span', {}, title), make('p', {class: 'mw-note'}, meaning)),
  make('td', {class: 'mw-number'}, text),
  make('td', {class: 'mw-direction'}, make('span', {'aria-hidden': true}, arrow), ` ${direction}`));

export const mount = (view) => {
  const {props, root} = view;
  const head = ['measure', 'value', 'words mattered more if'].map((name) => make('th', {scope: 'col'}, name));
  const body = make('tbody');
  const table = make('table', {class: 'mw-table'}, make('caption', {class: 'mw-hidden'}, props.label),
    make('thead', {}, make('tr', {}, ...head)), body);
  const empty = make('p', {class: 'mw-empty'}, 'The measures appear here once both answers are written.');
  root.append(view.heading(), empty, table);
  root.classList.add('mw-card');

  view.follow((value) => {
    const rows = value.rows || [];
    empty.hidden = rows.length > 0;
    table.hidden = !rows.length;
    body.replaceChildren(...rows.map(row));
  });
};
