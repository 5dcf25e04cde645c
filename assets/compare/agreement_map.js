// How many methods removed each span, and what the sets of each two methods have in common.
import {set, make, say} from '../page/dom.js';
import {fixed} from '../page/numbers.js';
import {readableStrip} from '../pieces/readable_strip.js';
import {paint} from '../pieces/spans.js';

// The text; a number beside a span says how many methods removed it.
const votes = ({text, spans, votes: counts, methods}, label, tip) => readableStrip({text, spans, label, tip,
  says: (index) => [`"${spans[index].text}"`, `${counts[index]} of ${methods} methods removed it`],
  dress: (node, index) => {
    if (counts[index]) node.append(make('sup', {}, String(counts[index])));
    paint(node, counts[index], 0, [0, methods]);
  }});

const pair = (value, i, j) => {
  const index = value.matrix[i][j];
  const node = make('td', {'aria-label': `${value.titles[i]} and ${value.titles[j]}: ${fixed(index)}`}, fixed(index));
  node.style.setProperty('--strength', index);
  set(node, 'data-self', i === j || null);
  return node;
};

export const mount = (view) => {
  const {props, root} = view;
  const strip = make('div', {class: 'mw-votes'}), tip = view.tooltip();
  const votesNote = make('p', {class: 'mw-note'}), matrixNote = make('p', {class: 'mw-note'});
  const table = make('table', {class: 'mw-matrix'}), empty = make('p', {class: 'mw-empty'},
    'Once all methods are done, the words they removed are counted here.');
  const counted = make('section', {'aria-label': 'Votes'}, strip, votesNote);
  const pairs = make('section', {'aria-label': 'Each two methods'}, make('h3', {class: 'mw-chart-title'}, 'Each two methods'),
    make('div', {class: 'mw-scroll'}, table), matrixNote);
  const panels = make('div', {class: 'mw-panels'}, counted, pairs);
  root.append(view.heading(), empty, panels);
  root.classList.add('mw-card');
  let drawn = '';

  const matrix = (value) => {
    const numbers = value.titles.map((title, i) =>
      make('th', {scope: 'col', title}, String(i + 1), make('span', {class: 'mw-hidden'}, ` ${title}`)));
    const rows = value.titles.map((title, i) => make('tr', {}, make('th', {scope: 'row'}, `${i + 1} ${title}`),
      ...value.titles.map((_, j) => pair(value, i, j))));
    table.replaceChildren(make('caption', {class: 'mw-hidden'}, 'Jaccard index of each two methods'),
      make('thead', {}, make('tr', {}, make('td', {}), ...numbers)), make('tbody', {}, ...rows));
  };

  view.follow((value) => {
    const ready = (value.spans || []).length > 0, shape = JSON.stringify(value);
    panels.hidden = !ready;
    empty.hidden = ready;
    if (!ready || shape === drawn) return;
    drawn = shape;
    strip.replaceChildren(votes(value, props.label, tip));
    say(votesNote, value.votes_sentence);
    say(matrixNote, value.matrix_sentence);
    pairs.hidden = value.titles.length < 2;
    matrix(value);
  });
};
