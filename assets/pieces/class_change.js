import {set, make, say} from '../page/dom.js';

const key = (kind, text) => make('span', {class: `mw-key mw-key-${kind}`}, text);

const bar = (kind, said) => [make('span', {class: 'mw-track', 'data-kind': kind, 'aria-hidden': true}, make('span')),
  make('span', {class: 'mw-number', 'data-kind': kind}, make('span', {class: 'mw-hidden'}, said), make('span'))];
const row = () => make('li', {}, make('span', {class: 'mw-class'}, make('span', {dir: 'auto'}), make('small')),
  ...bar('before', 'with all words '), ...bar('after', 'without the removed words '));

const fill = (track, number, share, text) => {
  track.firstChild.style.width = `${(share || 0) * 100}%`;
  say(number.lastChild, text);
};

export const mount = (view) => {
  const {props, root} = view;
  const empty = make('p', {class: 'mw-empty'}, 'The probability of each class appears here.');
  const list = make('ul', {class: 'mw-change', 'aria-label': props.label});
  const legend = make('div', {class: 'mw-legend'}, key('before', 'with all words'), key('after', 'without the removed words'));
  root.append(view.heading(), empty, list, legend);
  root.classList.add('mw-card');

  view.follow(({rows = [], label, said}) => {
    while (list.childElementCount > rows.length) list.lastChild.remove();
    while (list.childElementCount < rows.length) list.append(row());
    rows.forEach((each, index) => {
      const [name, track, number, trackAfter, numberAfter] = list.children[index].children;
      say(name.firstChild, each.label);
      say(name.lastChild, each.label === label ? 'explained' : '');
      set(list.children[index], 'data-said', each.label === said || null);
      fill(track, number, each.before, each.before_text);
      fill(trackAfter, numberAfter, each.after, each.after_text);
    });
    empty.hidden = rows.length > 0;
    list.hidden = legend.hidden = !rows.length;
  });
};
