const MARGIN = {left: 58, right: 14, top: 28, bottom: 40};
const svg = make('svg', {'aria-hidden': true});
const grid = make('g', {class: 'mw-grid'}), xTicks = make('g'), yTicks = make('g');
const proposals = make('path', {class: 'mw-proposals'}), best = make('path', {class: 'mw-best'});
const accepted = make('path', {class: 'mw-accepted'});
const unmasked = make('line', {class: 'mw-unmasked'}), unmaskedText = make('text', {class: 'mw-unmasked-text', 'text-anchor': 'end'});
const cursor = make('g', {class: 'mw-cursor'}, make('line'), make('circle', {r: 4.5}));
const xTitle = make('text', {'text-anchor': 'middle'}, 'iteration'), yTitle = make('text', {x: 4, y: 14});
svg.append(grid, xTicks, yTicks, xTitle, yTitle, proposals, unmasked, best, accepted, unmaskedText, cursor);

const chart = make('div', {class: 'mw-chart', role: 'slider', tabindex: 0, 'aria-label': `${props.label}: read the iterations`}, svg);
const key = (name, text) => make('span', {class: `mw-key mw-key-${name}`}, text);
const keys = make('div', {class: 'mw-legend', 'aria-hidden': true}, key('best', 'best so far'),
  key('proposals', 'proposal'), key('accepted', 'accepted swap'), key('unmasked', 'unmasked prompt'));
const caption = make('p', {class: 'cap mw-note'}), empty = make('p', {class: 'mw-empty'});
const speaker = announcer(5000), tip = tooltip();
root.append(heading(), empty, chart, caption, keys, speaker);
root.classList.add('mw-card');

let at = null, frame = {};

const layout = (value) => {
  const width = Math.max(chart.clientWidth, 220), height = width < 460 ? 210 : 250;
  const seen = [...value.y, ...(value.proposals || []), value.unmasked].filter(Number.isFinite);
  let low = Math.min(...seen), high = Math.max(...seen);
  if (low === high) { low -= 1; high += 1; }
  const scale = ticks(low, high, 4), [first, last] = [scale.marks[0], scale.marks.at(-1)];
  const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
  const total = Math.max(value.total || 0, value.y.length);
  return {width, height, right, bottom, total, scale, digits: Math.max(0, -Math.floor(Math.log10(scale.step))),
    x: (step) => MARGIN.left + (step / total) * (right - MARGIN.left),
    y: (number) => MARGIN.top + ((last - number) / (last - first)) * (bottom - MARGIN.top)};
};

const drawAxes = (value) => {
  const {width, height, right, bottom, total, scale, digits, x, y} = frame;
  set(svg, 'viewBox', `0 0 ${width} ${height}`);
  set(svg, 'height', height);
  const lines = pool(grid, 'line', scale.marks.length), labels = pool(yTicks, 'text', scale.marks.length);
  scale.marks.forEach((mark, i) => {
    for (const [name, number] of [['x1', MARGIN.left], ['x2', right], ['y1', y(mark)], ['y2', y(mark)]]) set(lines[i], name, number);
    set(labels[i], 'x', MARGIN.left - 8); set(labels[i], 'y', y(mark) + 4); set(labels[i], 'text-anchor', 'end');
    say(labels[i], fixed(mark, digits));
  });
  const steps = ticks(0, total, Math.max(2, Math.round(width / 110))).marks.filter((m) => m <= total && Number.isInteger(m));
  pool(xTicks, 'text', steps.length).forEach((label, i) => {
    set(label, 'x', x(steps[i])); set(label, 'y', bottom + 17); set(label, 'text-anchor', 'middle');
    say(label, String(steps[i]));
  });
  set(xTitle, 'x', (MARGIN.left + right) / 2); set(xTitle, 'y', height - 5);
  say(yTitle, `log p of the answer (${value.unit || 'nats'})`);
};

// Many dots are one path of zero-length strokes with round ends: a single node at any number of iterations.
const dots = (numbers, keep) => numbers.map((number, i) =>
  Number.isFinite(number) && keep(i) ? `M${frame.x(i + 1).toFixed(1)} ${frame.y(number).toFixed(1)}h0` : '').join('');

const drawData = (value) => {
  const {x, y, right} = frame, tried = value.proposals || [], swaps = value.accepted || [];
  set(proposals, 'd', dots(tried, () => true));
  set(accepted, 'd', dots(value.y, (i) => swaps[i]));
  const points = value.y.map((number, i) => (i ? `H${x(i + 1).toFixed(1)}V${y(number).toFixed(1)}` : `M${x(1)} ${y(number)}`));
  set(best, 'd', points.join('') + (points.length === 1 ? 'h2' : ''));
  const line = Number.isFinite(value.unmasked) ? y(value.unmasked) : null;
  for (const node of [unmasked, unmaskedText]) set(node, 'display', line === null ? 'none' : null);
  if (line === null) return;
  for (const [name, number] of [['x1', MARGIN.left], ['x2', right], ['y1', line], ['y2', line]]) set(unmasked, name, number);
  set(unmaskedText, 'x', right - 2);
  set(unmaskedText, 'y', line - MARGIN.top < 18 ? line + 15 : line - 6);
  say(unmaskedText, `unmasked prompt ${fixed(value.unmasked)}`);
};

const drawCursor = (value) => {
  set(cursor, 'display', at === null ? 'none' : null);
  const step = Math.min(at ?? value.y.length, value.y.length), unit = value.unit || 'nats';
  const number = value.y[step - 1], tried = (value.proposals || [])[step - 1];
  const lines = [`iteration ${step} of ${frame.total}`, `best ${fixed(number)} ${unit}`];
  if (Number.isFinite(tried)) lines.push(`proposal ${fixed(tried)} ${unit}, ${value.accepted?.[step - 1] ? 'accepted' : 'rejected'}`);
  for (const [name, n] of [['min', 1], ['max', value.y.length], ['now', step]]) set(chart, `aria-value${name}`, n);
  set(chart, 'aria-valuetext', lines.join(', '));
  if (at === null) return tip.hide();
  const [line, circle] = cursor.children, x = frame.x(step), y = frame.y(number);
  for (const [name, n] of [['x1', x], ['x2', x], ['y1', MARGIN.top], ['y2', frame.bottom]]) set(line, name, n);
  set(circle, 'cx', x); set(circle, 'cy', y);
  const box = svg.getBoundingClientRect();
  tip.show(new DOMRect(box.left + x - 8, box.top + y - 8, 16, 16), lines);
};

const draw = (value) => {
  const started = (value.y || []).length > 0;
  chart.hidden = keys.hidden = caption.hidden = !started;
  empty.hidden = started;
  say(empty, value.empty || 'The search appears here while it runs: one point an iteration, lower when the words left out matter more.');
  if (!started) return void (at = null, tip.hide());
  if (!chart.clientWidth) return;
  frame = layout(value);
  drawAxes(value);
  drawData(value);
  drawCursor(value);
  const against = Number.isFinite(value.unmasked) ? ` (unmasked ${fixed(value.unmasked)})` : '';
  say(caption, `iteration ${value.y.length} of ${frame.total}: log p ${fixed(value.y.at(-1))}${against}`);
  speaker.announce(caption.textContent, value.y.length === frame.total);
};

const ask = follow(draw);
const move = (step) => { at = step === null ? null : Math.min(Math.max(step, 1), props.value.y.length); drawCursor(props.value); };
const point = (event) => {
  const inside = event.clientX - svg.getBoundingClientRect().left - MARGIN.left;
  move(Math.round((inside / (frame.right - MARGIN.left)) * frame.total));
};
for (const type of ['pointermove', 'pointerdown']) chart.addEventListener(type, point);
for (const type of ['pointerleave', 'blur']) chart.addEventListener(type, () => move(null));
chart.addEventListener('focus', () => { if (chart.matches(':focus-visible')) move(at ?? props.value.y.length); });
chart.addEventListener('keydown', (event) => {
  const last = props.value.y.length, here = at ?? last;
  const goal = {ArrowRight: here + 1, ArrowUp: here + 1, ArrowLeft: here - 1, ArrowDown: here - 1,
    PageUp: here + 10, PageDown: here - 10, Home: 1, End: last}[event.key];
  if (goal === undefined) return;
  event.preventDefault();
  move(goal);
});
new ResizeObserver(ask).observe(root);
