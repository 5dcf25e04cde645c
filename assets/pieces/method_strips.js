const list = make('ol', {class: 'mw-methods'}), about = make('p', {class: 'mw-note'});
const empty = make('p', {class: 'mw-empty'}, 'Press All methods to see how each of them colours this text.');
root.append(heading(), about, empty, list);
root.classList.add('mw-card');

const tip = tooltip();
let drawn = '';

const facts = (row) => make('dl', {class: 'mw-facts'}, ...row.facts.map(([name, text]) =>
  make('div', {}, make('dt', {}, name), make('dd', {}, text))));

const strip = (value, row) => {
  const limits = bounds(row, row.scores), neutral = row.neutral || 0;
  const pieces = splitText(value.text, value.spans).map((piece) => {
    if (typeof piece === 'string') return piece;
    const node = make('span', {class: 'mw-token', 'data-tip': `score ${exact(row.scores[piece.index])}`}, piece.shown);
    paint(node, row.scores[piece.index], neutral, limits);
    return node;
  });
  return make('div', {class: 'mw-strip', 'data-size': 'small', dir: 'auto'}, ...pieces);
};

// What colours show, in words: the strip's own spans are too many to step through in every row.
const item = (value, row) => make('li', {'data-method': row.method},
  make('div', {class: 'mw-method'}, make('h3', {}, row.title), ...(row.facts.length ? [facts(row)] : [])),
  row.error ? make('p', {class: 'mw-note'}, row.error) : strip(value, row),
  ...(row.highest ? [make('p', {class: 'mw-hidden'}, row.highest)] : []));

follow((value) => {
  const rows = value.rows || [], shape = JSON.stringify([value.text, value.label]);
  if (shape !== drawn || list.childElementCount > rows.length) { list.replaceChildren(); drawn = shape; }
  list.append(...rows.slice(list.childElementCount).map((row) => item(value, row)));
  say(about, value.about || '');
  about.hidden = !value.about;
  empty.hidden = rows.length > 0 || Boolean(value.about);
});

list.addEventListener('pointerover', (event) => {
  const node = event.target.closest('[data-tip]');
  if (node) tip.show(node.getClientRects()[0] || node.getBoundingClientRect(), [`"${node.textContent}"`, node.dataset.tip]);
});
list.addEventListener('pointerout', tip.hide);
