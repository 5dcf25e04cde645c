import {make} from '../page/dom.js';

const row = ({player, rounds, mean, best}) => make('tr', {},
  make('th', {scope: 'row', dir: 'auto'}, player), ...[rounds, mean, best].map((text) => make('td', {class: 'mw-number'}, text)));

export const mount = (view) => {
  const {props, root} = view;
  const head = ['player', 'rounds', 'mean score', 'best'].map((name) => make('th', {scope: 'col'}, name));
  const body = make('tbody');
  const table = make('table', {class: 'mw-table'}, make('caption', {class: 'mw-hidden'}, props.label),
    make('thead', {}, make('tr', {}, ...head)), body);
  const empty = make('p', {class: 'mw-empty'}, 'Scores appear here. The first guess of a round counts.');
  root.append(view.heading(), empty, table);
  root.classList.add('mw-card', 'mw-guess');

  view.follow(({rows = []}) => {
    empty.hidden = rows.length > 0;
    table.hidden = !rows.length;
    body.replaceChildren(...rows.map(row));
  });
};
