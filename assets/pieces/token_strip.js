const strip = make('div', {class: 'mw-strip', dir: 'auto'});
const limits = ['start', 'middle', 'end'].map((at) => make('span', {class: `mw-${at}`}));
const unit = make('span', {class: 'mw-unit'});
const scale = make('div', {class: 'mw-scale'}, make('div', {class: 'mw-ramp', 'aria-hidden': true}), ...limits);
const sample = make('span', {class: 'mw-sample'}, make('s', {class: 'mw-token', 'data-removed': true}, 'word'), ' removed');
const meaning = make('p', {class: 'mw-note'}), empty = make('p', {class: 'mw-empty'}, 'The words of the prompt appear here.');
root.append(heading(), empty, strip, make('div', {class: 'mw-legend'}, scale, unit, sample), meaning);
root.classList.add('mw-card');

const tip = tooltip();
let nodes = [], spans = [], drawn = '', current = 0;

// A piece of the template around the text. Where it has lines to read, as <mask> has, it can be focused.
const fixedPiece = ({kind, text, lines}) => make('span', lines ? {class: `mw-${kind}`, role: 'note', tabindex: 0,
  'aria-label': [text, ...lines].join(', '), 'data-lines': JSON.stringify([text, ...lines])} : {class: `mw-${kind}`}, text);

const roleOf = (value) => (value.selectable ? 'button' : value.before ? 'note' : 'listitem');

const build = (value) => {
  nodes = [];
  const pieces = splitText(value.text, spans).map((piece) => {
    if (typeof piece === 'string') return piece;
    const {index, shown} = piece;
    return nodes[index] = make('span', {class: 'mw-token', 'data-index': index, role: roleOf(value)}, shown);
  });
  strip.replaceChildren(...(value.before || []).map(fixedPiece), ...pieces, ...(value.after || []).map(fixedPiece));
};

const describe = (index) => {
  const {granularity = 'word', unit = ''} = props.value, span = spans[index];
  const score = Number.isFinite(span.score) ? `score ${exact(span.score)} ${unit}`.trim() : 'no score';
  return [`${granularity} ${index + 1} of ${spans.length}`, `"${span.text}"`, score, ...(span.removed ? ['removed'] : [])];
};

const draw = (value) => {
  spans = value.spans || [];
  const shape = JSON.stringify([value.text, Boolean(value.selectable), value.before, value.after, spans.map((s) => [s.start, s.end])]);
  if (shape !== drawn) { build(value); drawn = shape; current = 0; }
  const {neutral = 0} = value, [low, high] = bounds(value, spans.map((s) => s.score));
  const chosen = new Set(value.selected || []);
  nodes.forEach((node, index) => {
    const {score, removed, lines = []} = spans[index];
    const [place, ...rest] = describe(index);
    set(node, 'aria-label', `${place}: ${[...rest, ...lines].join(', ')}`);
    set(node, 'aria-pressed', value.selectable ? String(chosen.has(index)) : null);
    set(node, 'data-removed', removed || null);
    set(node, 'data-selected', chosen.has(index) || null);
    set(node, 'tabindex', index === current ? 0 : -1);
    paint(node, score, neutral, [low, high]);
  });
  set(strip, 'role', value.selectable || value.before ? 'group' : 'list');
  set(strip, 'aria-label', props.label);
  set(strip, 'data-size', value.size);
  scale.hidden = unit.hidden = low === high;
  [low, neutral, high].forEach((number, i) => say(limits[i], exact(Number(number.toPrecision(2)))));
  say(unit, value.unit || '');
  empty.hidden = spans.length > 0;
  say(empty, value.empty || 'The words of the prompt appear here.');
  sample.hidden = !spans.some((s) => s.removed);
  say(meaning, value.legend || '');
};

const at = (event) => Number(event.target.closest?.('[data-index]')?.dataset.index ?? -1);
const place = (node) => node.getClientRects()[0] || node.getBoundingClientRect();
const show = (event) => {
  const index = at(event), piece = event.target.closest?.('[data-lines]');
  if (piece) return tip.show(place(piece), JSON.parse(piece.dataset.lines));
  if (index < 0) return;
  const [which, text, ...rest] = describe(index);
  tip.show(place(nodes[index]), [text, rest.join(', '), ...(spans[index].lines || []), which]);
};
const choose = (index) => {
  if (props.value.selectable) trigger('select', {index, value: spans[index].text, text: spans[index].text});
};
const move = (index) => {
  current = Math.min(Math.max(index, 0), nodes.length - 1);
  nodes.forEach((node, i) => set(node, 'tabindex', i === current ? 0 : -1));
  nodes[current].focus();
};

strip.addEventListener('pointerover', show);
strip.addEventListener('focusin', (event) => { current = Math.max(at(event), 0); show(event); });
strip.addEventListener('pointerout', tip.hide);
strip.addEventListener('focusout', tip.hide);
strip.addEventListener('click', (event) => { if (at(event) >= 0) { move(at(event)); choose(current); } });
strip.addEventListener('keydown', (event) => {
  const forward = getComputedStyle(strip).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
  const back = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
  const goal = {[forward]: current + 1, [back]: current - 1, Home: 0, End: nodes.length - 1}[event.key];
  if (goal !== undefined) move(goal);
  else if (event.key === 'Enter' || event.key === ' ') choose(current);
  else return;
  event.preventDefault();
});
follow(draw);
