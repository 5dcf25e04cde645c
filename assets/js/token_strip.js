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

// Offsets count code points, as in Python; a JavaScript string counts UTF-16 units.
const build = (value) => {
  const letters = Array.from(value.text || '');
  let place = 0;
  const pieces = [];
  nodes = spans.map((span, index) => {
    const start = Math.max(span.start, place), end = Math.max(span.end, start);
    if (start > place) pieces.push(letters.slice(place, start).join(''));
    place = end;
    // Byte-level tokens can share one character: the first shows it, the others show a dot.
    const shown = letters.slice(start, end).join('') || '\u00b7';
    const node = make('span', {class: 'mw-token', 'data-index': index, role: value.selectable ? 'button' : 'listitem'}, shown);
    pieces.push(node);
    return node;
  });
  strip.replaceChildren(...pieces, letters.slice(place).join(''));
};

const describe = (index) => {
  const {granularity = 'word', unit = ''} = props.value, span = spans[index];
  const score = Number.isFinite(span.score) ? `score ${exact(span.score)} ${unit}`.trim() : 'no score';
  return [`${granularity} ${index + 1} of ${spans.length}`, `"${span.text}"`, score, ...(span.removed ? ['removed'] : [])];
};

const draw = (value) => {
  spans = value.spans || [];
  const shape = JSON.stringify([value.text, Boolean(value.selectable), spans.map((s) => [s.start, s.end])]);
  if (shape !== drawn) { build(value); drawn = shape; current = 0; }
  const limit = value.limit || Math.max(0, ...spans.map((s) => Math.abs(s.score ?? 0)));
  const chosen = new Set(value.selected || []);
  nodes.forEach((node, index) => {
    const {score, removed} = spans[index];
    const [place, ...rest] = describe(index);
    set(node, 'aria-label', `${place}: ${rest.join(', ')}`);
    set(node, 'aria-pressed', value.selectable ? String(chosen.has(index)) : null);
    set(node, 'data-removed', removed || null);
    set(node, 'data-selected', chosen.has(index) || null);
    set(node, 'data-sign', score ? (score > 0 ? 'positive' : 'negative') : null);
    set(node, 'tabindex', index === current ? 0 : -1);
    node.style.setProperty('--strength', limit ? Math.min(Math.abs(score ?? 0) / limit, 1) : 0);
  });
  set(strip, 'role', value.selectable ? 'group' : 'list');
  set(strip, 'aria-label', props.label);
  set(strip, 'data-size', value.size);
  scale.hidden = unit.hidden = !limit;
  [-limit, 0, limit].forEach((number, i) => say(limits[i], exact(Number(number.toPrecision(2)))));
  say(unit, value.unit || '');
  empty.hidden = spans.length > 0;
  sample.hidden = !spans.some((s) => s.removed);
  say(meaning, value.legend || '');
};

const at = (event) => Number(event.target.closest?.('[data-index]')?.dataset.index ?? -1);
const show = (event) => {
  const index = at(event);
  if (index < 0) return;
  const [place, text, ...rest] = describe(index);
  tip.show(nodes[index].getClientRects()[0] || nodes[index].getBoundingClientRect(), [text, rest.join(', '), place]);
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
