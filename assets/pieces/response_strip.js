const strip = make('div', {class: 'mw-strip mw-response', dir: 'auto', role: 'listbox', 'aria-multiselectable': true, 'aria-label': props.label});
const ends = ['start', 'middle', 'end'].map((at) => make('span', {class: `mw-${at}`}));
const scale = make('div', {class: 'mw-scale'}, make('div', {class: 'mw-ramp', 'aria-hidden': true}), ...ends);
const meaning = make('p', {class: 'mw-note'});
const part = make('p', {class: 'mw-part', role: 'status', dir: 'auto'});
const HINT = 'To choose a part, drag over its words, or hold Shift and press the arrow keys.';
root.append(heading(), strip, make('div', {class: 'mw-legend'}, scale, make('span', {}, 'nats lost')), meaning, part);
root.classList.add('mw-card');

const tip = tooltip();
let nodes = [], spans = [], drawn = '', current = 0, from = -1, range = [], settled = 0, pressed = false;

const describe = (index) => {
  const {text, score, lines} = spans[index];
  const lost = Number.isFinite(score) ? [`${score < 0 ? 'gains' : 'loses'} ${fixed(Math.abs(score))} nats`] : ['not measured'];
  return [`"${text}"`, ...lost, ...lines, `token ${index + 1} of ${spans.length}`];
};

const mark = () => {
  const [first, last] = range;
  nodes.forEach((node, index) => {
    const chosen = index >= first && index <= last;
    set(node, 'aria-selected', String(chosen));
    set(node, 'data-chosen', chosen || null);
    set(node, 'tabindex', index === current ? 0 : -1);
  });
  say(part, range.length ? `Chosen: \u201c${partText()}\u201d` : HINT);
};
const partText = () => (range.length ? Array.from(props.value.text).slice(spans[range[0]].start, spans[range[1]].end).join('') : '');

const draw = (value) => {
  spans = value.spans || [];
  const shape = JSON.stringify([value.text, spans.map((span) => span.start)]);
  if (shape !== drawn) {
    strip.replaceChildren(...splitText(value.text, spans).map((piece) => (typeof piece === 'string' ? piece
      : nodes[piece.index] = make('span', {class: 'mw-token', role: 'option', 'data-index': piece.index}, piece.shown))));
    nodes.length = spans.length;
    [drawn, current, from, range] = [shape, 0, -1, []];
  }
  const [low, high] = bounds(value, []);
  nodes.forEach((node, index) => {
    paint(node, spans[index].score, 0, [low, high]);
    set(node, 'aria-label', describe(index).join(', '));
  });
  [low, 0, high].forEach((number, i) => say(ends[i], exact(Number(number.toPrecision(2)))));
  say(meaning, value.legend || '');
  mark();
};

// The page hears of a part once the hand rests: dragging passes over many.
const choose = (...next) => {
  const sorted = next.sort((a, b) => a - b);
  if (sorted.join() === range.join()) return;
  range = sorted;
  mark();
  clearTimeout(settled);
  settled = setTimeout(() => trigger('select', {index: range, value: partText(), text: partText()}), 150);
};

const at = (event) => Number(event.target.closest?.('[data-index]')?.dataset.index ?? -1);
const place = (node) => node.getClientRects()[0] || node.getBoundingClientRect();

// Text chosen by mouse, by touch or by double click becomes the tokens under it.
const under = (range) => (node) => {
  const letters = node.firstChild;
  const behind = range.startContainer === letters && range.startOffset === letters.length;
  const before = range.endContainer === letters && range.endOffset === 0;
  return range.intersectsNode(node) && !behind && !before;
};
const follows = () => {
  const selection = getSelection();
  if (selection.isCollapsed || !strip.contains(selection.anchorNode)) return;
  const chosen = nodes.filter(under(selection.getRangeAt(0)));
  if (chosen.length) choose(nodes.indexOf(chosen[0]), nodes.indexOf(chosen.at(-1)));
};

const move = (index) => {
  current = Math.min(Math.max(index, 0), nodes.length - 1);
  nodes.forEach((node, i) => set(node, 'tabindex', i === current ? 0 : -1));
  nodes[current]?.focus();
};
const show = (event) => {
  const index = at(event);
  if (index >= 0 && !pressed) tip.show(place(nodes[index]), describe(index));
};

document.addEventListener('selectionchange', follows);
strip.addEventListener('pointerover', show);
strip.addEventListener('pointerout', tip.hide);
strip.addEventListener('focusin', (event) => { current = Math.max(at(event), 0); show(event); });
strip.addEventListener('focusout', tip.hide);
// Chromium selects no text where the press focuses a token: none can be focused until the button is up.
strip.addEventListener('pointerdown', () => {
  [from, pressed] = [-1, true];
  tip.hide();
  nodes.forEach((node) => set(node, 'tabindex', null));
});
const release = () => { if (pressed) { pressed = false; mark(); } };
document.addEventListener('pointerup', release);
document.addEventListener('pointercancel', release);
strip.addEventListener('click', (event) => {
  if (at(event) < 0 || !getSelection().isCollapsed) return;
  move(at(event));
  choose(current, current);
});
strip.addEventListener('keydown', (event) => {
  const forward = getComputedStyle(strip).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
  const back = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
  const goal = {[forward]: current + 1, [back]: current - 1, Home: 0, End: nodes.length - 1}[event.key];
  if (goal === undefined && !['Enter', ' ', 'Escape'].includes(event.key)) return;
  event.preventDefault();
  getSelection().removeAllRanges();
  if (event.key === 'Escape') return choose();
  if (goal === undefined) return choose(current, current);
  from = !event.shiftKey ? -1 : from < 0 ? current : from;  // where extending began
  move(goal);
  if (event.shiftKey) choose(from, current);
});
follow(draw);
