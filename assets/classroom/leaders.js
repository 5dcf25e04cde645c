// The best of a room, by the nicknames that they gave.
import {make, set} from '../page/dom.js';

const row = ({place, name, points}) => make('tr', {}, make('td', {class: 'mw-number'}, `${place}.`),
  make('th', {scope: 'row', dir: 'auto'}, name), make('td', {class: 'mw-number'}, String(points)));

export const mount = (view) => {
  const {root, props} = view, body = make('tbody');
  const head = ['place', 'nickname', 'points'].map((name) => make('th', {scope: 'col'}, name));
  root.append(view.heading(), make('table', {class: 'mw-table'}, make('caption', {class: 'mw-hidden'}, props.label),
    make('thead', {}, make('tr', {}, ...head)), body));
  root.classList.add('mw-card', 'mw-guess');

  view.follow(({leaders = []}) => {
    set(root, 'hidden', !leaders.length);
    body.replaceChildren(...leaders.map(row));
  });
};
