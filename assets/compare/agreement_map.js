// How many methods removed each span, and what the sets of each two methods have in common.
const strip = make('div', {class: 'mw-strip mw-votes', dir: 'auto', role: 'list', 'aria-label': props.label});
const votesNote = make('p', {class: 'mw-note'}), matrixNote = make('p', {class: 'mw-note'});
const table = make('table', {class: 'mw-matrix'}), empty = make('p', {class: 'mw-empty'},
  'Once all methods are done, the words they removed are counted here.');
const votes = make('section', {'aria-label': 'Votes'}, strip, votesNote);
const pairs = make('section', {'aria-label': 'Each two methods'}, make('h3', {class: 'mw-chart-title'}, 'Each two methods'),
  make('div', {class: 'mw-scroll'}, table), matrixNote);
const panels = make('div', {class: 'mw-panels'}, votes, pairs);
root.append(heading(), empty, panels);
root.classList.add('mw-card');
let drawn = '';

const vote = (value, {index, shown}) => {
  const count = value.votes[index], by = `${count} of ${value.methods} methods removed it`;
  const node = make('span', {class: 'mw-token', role: 'listitem', 'aria-label': `"${value.spans[index].text}": ${by}`, title: by}, shown);
  if (count) node.append(make('sup', {}, String(count)));
  paint(node, count, 0, [0, value.methods]);
  return node;
};

const pair = (value, i, j) => {
  const index = value.matrix[i][j];
  const node = make('td', {'aria-label': `${value.titles[i]} and ${value.titles[j]}: ${fixed(index)}`}, fixed(index));
  node.style.setProperty('--strength', index);
  set(node, 'data-self', i === j || null);
  return node;
};

const matrix = (value) => {
  const numbers = value.titles.map((title, i) => make('th', {scope: 'col', title}, String(i + 1), make('span', {class: 'mw-hidden'}, ` ${title}`)));
  const rows = value.titles.map((title, i) => make('tr', {}, make('th', {scope: 'row'}, `${i + 1} ${title}`),
    ...value.titles.map((_, j) => pair(value, i, j))));
  table.replaceChildren(make('caption', {class: 'mw-hidden'}, 'Jaccard index of each two methods'),
    make('thead', {}, make('tr', {}, make('td', {}), ...numbers)), make('tbody', {}, ...rows));
};

follow((value) => {
  const ready = (value.spans || []).length > 0, shape = JSON.stringify(value);
  panels.hidden = !ready;
  empty.hidden = ready;
  if (!ready || shape === drawn) return;
  drawn = shape;
  strip.replaceChildren(...splitText(value.text, value.spans).map((piece) => (typeof piece === 'string' ? piece : vote(value, piece))));
  say(votesNote, value.votes_sentence);
  say(matrixNote, value.matrix_sentence);
  pairs.hidden = value.titles.length < 2;
  matrix(value);
});
