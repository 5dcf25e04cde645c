// One row per method and below them the floor. The header's buttons sort; a second press turns the order round.
import {announcer} from '../page/announcer.js';
import {make, say, set} from '../page/dom.js';
import {scoreStrip} from '../pieces/readable_strip.js';
import {bounds} from '../pieces/spans.js';

const COSTS = new Set(['seconds', 'forward_passes']);
const SAID = {better: 'better than random'};
const HINT = 'Press a heading to sort. In each cell the bar runs from the mean of random removal (the tick; its 95 % interval is ' +
  'the shaded band) to the method\'s own value.';
const EMPTY = 'Choose up to eight methods and press Compare: each gets a row here, beside what removal at random reaches.';

const percent = (share) => `${(share * 100).toFixed(1)}%`;

// The floor's interval as a band, its mean as a tick, and the value as a bar from that tick.
const meter = ({at, floor, verdict}) => {
  if (!floor) return [];
  const band = make('i', {class: 'mw-floor-band'}), tick = make('i', {class: 'mw-floor-tick'});
  band.style.left = percent(floor.low);
  band.style.width = percent(floor.high - floor.low);
  tick.style.left = percent(floor.mean);
  if (at === null) return [make('div', {class: 'mw-meter', 'aria-hidden': true}, band, tick)];
  const bar = make('i', {class: 'mw-meter-bar', 'data-verdict': verdict || null});
  bar.style.left = percent(Math.min(at, floor.mean));
  bar.style.width = percent(Math.abs(at - floor.mean));
  return [make('div', {class: 'mw-meter', 'aria-hidden': true}, band, bar, tick)];
};

const cell = (column, data) => {
  const number = make(data.best ? 'strong' : 'span', {class: 'mw-number'}, data.text);
  const best = data.best ? [make('span', {class: 'mw-best-mark'}, 'best')] : [];
  const note = data.note ? [make('span', {class: 'mw-cell-note'}, data.note)] : [];
  const said = !data.note && SAID[data.verdict] ? [make('span', {class: 'mw-hidden'}, SAID[data.verdict])] : [];
  return make('td', {role: 'cell', 'data-label': column.title, 'data-name': column.name, 'data-more': column.more},
    make('div', {class: 'mw-value'}, number, ...best), ...meter(data), ...note, ...said);
};

const rowHead = (title, ...below) =>
  make('th', {role: 'rowheader', scope: 'row'}, make('span', {class: 'mw-row-title'}, title), ...below);

const floorRow = ({columns, floor}) => make('tr', {role: 'row'}, rowHead(floor.title, make('p', {class: 'mw-note'}, floor.about)),
  ...floor.cells.map((data, i) => cell(columns[i], data)));

// The rows in the order of one column's values; rows without a value come last.
const ordered = (rows, place, down) => {
  const key = (row) => (place < 0 ? row.title : row.cells[place].value);
  const order = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : a - b) * (down ? -1 : 1);
  return [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === null || y === null ? (x === null) - (y === null) : order(x, y);
  });
};

class CompareTable {
  constructor(view) {
    Object.assign(this, {view, drawn: '', sort: null, open: new Set()});  // sort: {name, down}
    this.head = make('tr', {role: 'row'});
    [this.body, this.foot] = ['tbody', 'tfoot'].map((tag) => make(tag, {role: 'rowgroup'}));
    const table = make('table', {class: 'mw-compare', role: 'table', 'aria-label': view.props.label},
      make('thead', {role: 'rowgroup'}, this.head), this.body, this.foot);
    this.more = make('button', {type: 'button', class: 'mw-toggle', 'aria-pressed': 'false'}, 'All measures');
    this.reading = make('dl', {class: 'mw-reading'});
    this.empty = make('p', {class: 'mw-empty'});
    const above = make('div', {class: 'mw-above'}, make('p', {class: 'mw-note'}, HINT), this.more);
    this.filled = make('div', {}, above, make('div', {class: 'mw-scroll'}, table), this.reading);
    this.speaker = announcer(0);
    view.root.append(view.heading(), this.empty, this.filled, this.speaker);
    view.root.classList.add('mw-card');
    this.tip = view.tooltip();
    this.head.addEventListener('click', (event) => this.sortBy(event.target.closest('button')?.dataset.name));
    this.more.addEventListener('click', () => this.showAll(this.more.getAttribute('aria-pressed') !== 'true'));
    view.follow((value) => this.draw(value));
  }

  get columns() { return this.view.props.value.columns || []; }

  draw(value) {
    const rows = value.rows || [], ready = rows.length > 0 || Boolean(value.floor), shape = JSON.stringify(value);
    this.filled.hidden = !ready;
    this.empty.hidden = ready;
    say(this.empty, value.empty || EMPTY);
    if (!ready || shape === this.drawn) return;
    this.drawn = shape;
    this.drawHead();
    this.drawRows(value);
    this.foot.replaceChildren(...(value.floor ? [floorRow(value)] : []));
    this.reading.replaceChildren(...value.reading.map(({title, text, more}) =>
      make('div', {'data-more': more}, make('dt', {}, title), make('dd', {}, text))));
  }

  drawHead() {
    const name = document.activeElement?.closest?.('th button')?.dataset.name;
    this.head.replaceChildren(...[{name: 'title', title: 'Method'}, ...this.columns].map((column) => this.heading(column)));
    const buttons = [...this.head.querySelectorAll('button')];
    if (name && this.view.root.contains(this.head)) buttons.find((button) => button.dataset.name === name)?.focus();
  }

  heading({name, title, direction, more}) {
    const mine = this.sort?.name === name, arrow = mine ? (this.sort.down ? '\u2193' : '\u2191') : '\u2195';
    const note = direction && name !== 'title' && !COSTS.has(name) && name !== 'agreement' ? `${direction} is better` : '';
    const sorted = mine ? (this.sort.down ? 'descending' : 'ascending') : 'none';
    return make('th', {role: 'columnheader', scope: 'col', 'data-more': more, 'aria-sort': sorted},
      make('button', {type: 'button', 'data-name': name}, title, make('span', {'aria-hidden': true}, `\u00a0${arrow}`)),
      ...(note ? [make('small', {}, note)] : []));
  }

  drawRows(value) {
    const place = this.columns.findIndex((column) => column.name === this.sort?.name);
    const rows = this.sort ? ordered(value.rows, place, this.sort.down) : value.rows;
    this.body.replaceChildren(...rows.map((row) => this.row(value, row)));
  }

  row(value, row) {
    const limits = bounds({}, row.spans.map((span) => span.score));
    const below = row.error ? make('p', {class: 'mw-note'}, row.error)
      : scoreStrip({text: value.text, spans: row.spans, title: row.title, tip: this.tip, limits});
    return make('tr', {role: 'row', 'data-method': row.method}, rowHead(row.title, below,
      ...(row.certificate ? [make('p', {class: 'mw-note'}, row.certificate)] : []),
      ...(row.masked_response ? [this.answer(row)] : [])),
    ...row.cells.map((data, i) => cell(value.columns[i], data)));
  }

  answer(row) {
    const node = make('details', {class: 'mw-more', 'data-method': row.method}, make('summary', {}, 'New answer'),
      make('p', {class: 'mw-answer', dir: 'auto'}, row.masked_response));
    node.open = this.open.has(row.method);
    node.addEventListener('toggle', () => this.open[node.open ? 'add' : 'delete'](row.method));
    return node;
  }

  sortBy(name) {
    if (!name) return;
    const column = this.columns.find((each) => each.name === name);
    const first = column ? column.direction === 'higher' : false;  // the best come first
    this.sort = {name, down: this.sort?.name === name ? !this.sort.down : first};
    this.drawHead();
    this.drawRows(this.view.props.value);
    const worst = column && (column.direction === 'lower') === this.sort.down;
    this.speaker.announce(`Sorted by ${column?.title || 'method'}${column ? `, ${worst ? 'worst' : 'best'} first` : ''}`, true);
  }

  showAll(all) {
    set(this.more, 'aria-pressed', String(all));
    set(this.view.root, 'data-all', all || null);
  }
}

export const mount = (view) => new CompareTable(view);
