// One row a method and below them the floor. The header's buttons sort; a second press turns the order round.
const COSTS = new Set(['seconds', 'forward_passes']);
const SAID = {better: 'better than random'};
const head = make('tr', {role: 'row'}), body = make('tbody', {role: 'rowgroup'}), foot = make('tfoot', {role: 'rowgroup'});
const table = make('table', {class: 'mw-compare', role: 'table', 'aria-label': props.label},
  make('thead', {role: 'rowgroup'}, head), body, foot);
const more = make('button', {type: 'button', class: 'mw-toggle', 'aria-pressed': 'false'}, 'All measures');
const hint = make('p', {class: 'mw-note'}, 'Press a heading to sort. In each cell the bar runs from the mean of random removal (the tick; its 95 % interval is the shaded band) to the method\'s own value.');
const reading = make('dl', {class: 'mw-reading'}), empty = make('p', {class: 'mw-empty'});
const speaker = announcer(0), tip = tooltip();
const filled = make('div', {}, make('div', {class: 'mw-above'}, hint, more), make('div', {class: 'mw-scroll'}, table), reading);
root.append(heading(), empty, filled, speaker);
root.classList.add('mw-card');

let drawn = '', sort = null;  // sort: {name, down}
const open = new Set();

const columns = () => props.value.columns || [];
const direction = ({name, down}) => {
  const lower = columns().find((column) => column.name === name).direction === 'lower';
  return down === lower ? 'worst first' : 'best first';
};

const sorted = (rows) => {
  const place = columns().findIndex((column) => column.name === sort?.name);
  if (place < 0 && sort?.name !== 'title') return rows;
  const key = (row) => (place < 0 ? row.title : row.cells[place].value);
  const order = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : a - b) * (sort.down ? -1 : 1);
  return [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === null || y === null ? (x === null) - (y === null) : order(x, y);
  });
};

const header = ({name, title, direction: way, more: extra}) => {
  const mine = sort?.name === name, arrow = mine ? (sort.down ? '\u2193' : '\u2191') : '\u2195';
  const note = way && name !== 'title' && !COSTS.has(name) && name !== 'agreement' ? `${way} is better` : '';
  return make('th', {role: 'columnheader', scope: 'col', 'data-more': extra, 'aria-sort': mine ? (sort.down ? 'descending' : 'ascending') : 'none'},
    make('button', {type: 'button', 'data-name': name}, title, make('span', {'aria-hidden': true}, `\u00a0${arrow}`)),
    ...(note ? [make('small', {}, note)] : []));
};

const strip = (value, row) => {
  const scores = row.spans.map((span) => span.score), limits = bounds({}, scores);
  const pieces = splitText(value.text, row.spans).map((piece) => {
    if (typeof piece === 'string') return piece;
    const {score, removed} = row.spans[piece.index];
    const said = [Number.isFinite(score) ? `score ${exact(score)}` : 'no score', ...(removed ? ['removed'] : [])];
    const node = make('span', {class: 'mw-token', 'data-removed': removed, 'data-tip': said.join(', ')}, piece.shown);
    paint(node, score, 0, limits);
    return node;
  });
  return make('div', {class: 'mw-strip', 'data-size': 'small', dir: 'auto'}, ...pieces);
};

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

const answer = (row) => {
  const node = make('details', {class: 'mw-more', 'data-method': row.method}, make('summary', {}, 'New answer'),
    make('p', {class: 'mw-answer', dir: 'auto'}, row.masked_response));
  node.open = open.has(row.method);
  node.addEventListener('toggle', () => open[node.open ? 'add' : 'delete'](row.method));
  return node;
};

const item = (value, row) => make('tr', {role: 'row', 'data-method': row.method},
  make('th', {role: 'rowheader', scope: 'row'}, make('span', {class: 'mw-row-title'}, row.title),
    row.error ? make('p', {class: 'mw-note'}, row.error) : strip(value, row),
    ...(row.certificate ? [make('p', {class: 'mw-note'}, row.certificate)] : []),
    ...(row.masked_response ? [answer(row)] : [])),
  ...row.cells.map((data, i) => cell(value.columns[i], data)));

const floorRow = (value) => make('tr', {role: 'row'},
  make('th', {role: 'rowheader', scope: 'row'}, make('span', {class: 'mw-row-title'}, value.floor.title), make('p', {class: 'mw-note'}, value.floor.about)),
  ...value.floor.cells.map((data, i) => cell(value.columns[i], data)));

const drawRows = (value) => body.replaceChildren(...sorted(value.rows).map((row) => item(value, row)));
const drawHead = (value) => {
  const name = document.activeElement?.closest?.('th button')?.dataset.name;
  head.replaceChildren(...[{name: 'title', title: 'Method'}, ...value.columns].map(header));
  if (name && root.contains(head)) [...head.querySelectorAll('button')].find((button) => button.dataset.name === name)?.focus();
};

follow((value) => {
  const rows = value.rows || [], ready = rows.length > 0 || Boolean(value.floor);
  filled.hidden = !ready;
  empty.hidden = ready;
  say(empty, value.empty || 'Choose up to eight methods and press Compare: each gets a row here, beside what removal at random reaches.');
  const shape = JSON.stringify(value);
  if (!ready || shape === drawn) return;
  drawn = shape;
  drawHead(value);
  drawRows(value);
  foot.replaceChildren(...(value.floor ? [floorRow(value)] : []));
  reading.replaceChildren(...value.reading.map(({title, text, more: extra}) =>
    make('div', {'data-more': extra}, make('dt', {}, title), make('dd', {}, text))));
});

head.addEventListener('click', (event) => {
  const name = event.target.closest('button')?.dataset.name;
  if (!name) return;
  const column = columns().find((each) => each.name === name);
  const first = column ? column.direction === 'higher' : false;  // the best come first
  sort = {name, down: sort?.name === name ? !sort.down : first};
  drawHead(props.value);
  drawRows(props.value);
  speaker.announce(`Sorted by ${column?.title || 'method'}${column ? `, ${direction(sort)}` : ''}`, true);
});
more.addEventListener('click', () => {
  const all = more.getAttribute('aria-pressed') !== 'true';
  set(more, 'aria-pressed', String(all));
  set(root, 'data-all', all || null);
});
body.addEventListener('pointerover', (event) => {
  const node = event.target.closest('[data-tip]');
  if (node) tip.show(node.getClientRects()[0] || node.getBoundingClientRect(), [`"${node.textContent}"`, node.dataset.tip]);
});
body.addEventListener('pointerout', tip.hide);
