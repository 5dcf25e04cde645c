import {set, make, say} from '../page/dom.js';

const FAR = Math.log(1000);

const cell = (row, column, word, rank) => {
  const node = make('td', {role: 'gridcell', tabindex: -1, 'data-row': row, 'data-column': column},
    make('span', {dir: 'auto'}, word || '\u00b7'), make('small', {}, rank.toLocaleString('en')));
  node.style.setProperty('--strength', Math.max(0, 1 - Math.log(rank) / FAR));
  return node;
};

const layerName = (layer) => (layer ? `layer ${layer}` : 'embeddings');

const at = (event) => event.target.closest?.('td');

export const mount = (view) => {
  const {props, root} = view;
  const about = make('p', {class: 'mw-note'});
  const empty = make('p', {class: 'mw-empty'}, 'Press Layer lens to see what the MLM head would read after every layer.');
  const table = make('table', {class: 'mw-lens', role: 'grid', 'aria-label': props.label});
  const scroller = make('div', {class: 'mw-scroll'}, table);
  const keys = make('div', {class: 'mw-legend', 'aria-hidden': true}, make('span', {class: 'mw-key mw-key-first'}, 'rank 1: the final word'),
    make('span', {class: 'mw-key mw-key-near'}, 'near it'), make('span', {class: 'mw-key mw-key-far'}, 'rank 1,000 or beyond'));
  root.append(view.heading(), about, empty, scroller, keys);
  root.classList.add('mw-card');

  const tip = view.tooltip();
  let cells = [], drawn = '';
  const finalWord = (column) => props.value.rows[0].words[column];
  const describe = (row, column) => {
    const {layer, words, ranks} = props.value.rows[row];
    return [`"${words[column]}"`, `after ${layerName(layer)}, at "${props.value.tokens[column]}"`,
      `the final word "${finalWord(column)}" has rank ${ranks[column].toLocaleString('en')}`];
  };

  const build = ({tokens, places, rows}) => {
    const head = make('tr', {}, make('th', {scope: 'col'}, 'layer'),
      ...tokens.map((token, i) => make('th', {scope: 'col', dir: 'auto', 'data-place': places[i]}, token)));
    cells = rows.map(({words, ranks}, row) => words.map((word, column) => cell(row, column, word, ranks[column])));
    const body = rows.map(({layer}, row) => make('tr', {}, make('th', {scope: 'row'}, layer ? String(layer) : 'emb.'), ...cells[row]));
    table.replaceChildren(make('thead', {}, head), make('tbody', {}, ...body));
    cells.forEach((line, row) => line.forEach((node, column) => set(node, 'aria-label', describe(row, column).join(', '))));
    set(cells[0][0], 'tabindex', 0);
  };

  view.follow((value) => {
    const ready = (value.rows || []).length > 0, shape = JSON.stringify(value);
    scroller.hidden = keys.hidden = !ready;
    empty.hidden = ready;
    say(about, value.about || '');
    about.hidden = !value.about;
    if (ready && shape !== drawn) build(value);
    drawn = shape;
  });
  const show = (event) => {
    const node = at(event);
    if (node) tip.show(node.getBoundingClientRect(), describe(Number(node.dataset.row), Number(node.dataset.column)));
  };
  for (const type of ['pointerover', 'focusin']) table.addEventListener(type, show);
  for (const type of ['pointerout', 'focusout']) table.addEventListener(type, tip.hide);
  table.addEventListener('keydown', (event) => {
    const node = at(event), row = Number(node?.dataset.row), column = Number(node?.dataset.column);
    const goal = node && {ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1], ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column], Home: [row, 0], End: [row, cells[row].length - 1]}[event.key];
    if (!goal) return;
    event.preventDefault();
    const next = cells[goal[0]]?.[goal[1]];
    if (!next) return;
    set(node, 'tabindex', -1);
    set(next, 'tabindex', 0);
    next.focus();
  });
};
