import {make} from '../page/dom.js';
import {fixed} from '../page/numbers.js';
import {Chart} from './chart.js';

// Both bars start at one zero; a drop below zero (log p rises) grows to the left of it.
const bar = ({name, nats, kind}, low, reach) => {
  const fill = make('span', {'data-below': nats < 0 || null});
  fill.style.left = `${((Math.min(nats, 0) - low) / reach) * 100}%`;
  fill.style.width = `${(Math.abs(nats) / reach) * 100}%`;
  return make('li', {'data-kind': kind}, make('span', {class: 'mw-drop', dir: 'auto'}, name),
    make('span', {class: 'mw-track', 'aria-hidden': true}, fill), make('span', {class: 'mw-number'}, fixed(nats)));
};

export const mount = (view) => {
  const {root} = view;
  const empty = make('p', {class: 'mw-empty'}, 'Remove two words or more, then ask whether they work together.');
  const said = make('div', {class: 'mw-said', dir: 'auto'}), bars = make('ul', {class: 'mw-drops', 'aria-label': 'Drops of log p'});
  const drops = make('p', {class: 'mw-note'}, 'How far log p falls, in nats, when the words are removed.');
  const chart = new Chart(view, 'pairs');
  const found = make('div', {}, said, bars, drops, chart.node);
  root.append(view.heading(), empty, found);
  root.classList.add('mw-card');

  view.follow(({bars: rows = [], pairs, sentences = []}) => {
    empty.hidden = rows.length > 0;
    found.hidden = !rows.length;
    said.replaceChildren(...sentences.map((text) => make('p', {}, text)));
    const values = rows.map((row) => row.nats), low = Math.min(0, ...values), reach = Math.max(0, ...values) - low || 1;
    bars.replaceChildren(...rows.map((row) => bar(row, low, reach)));
    chart.draw(rows.length ? pairs : null);
  });
};
