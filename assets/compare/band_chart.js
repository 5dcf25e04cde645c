// Shared by the charts of a comparison: lines over x = 1, 2, …, some with a band, read by pointer or arrow keys.
// settings: {x: name of a step, y: name of the value, zero: whether 0 belongs to the axis, dots, digits, empty}.
import {make, say, set} from '../page/dom.js';
import {fixed} from '../page/numbers.js';
import {pool, ticks} from '../pieces/chart.js';

export const bandChart = (view, settings) => {
  const {props, root} = view;
  const MARGIN = {left: 50, right: 20, top: 26, bottom: 38};
  const svg = make('svg', {'aria-hidden': true}), grid = make('g', {class: 'mw-grid'}), xTicks = make('g'), yTicks = make('g');
  const bands = make('g'), lines = make('g'), dots = make('g'), cursor = make('g', {class: 'mw-cursor'}, make('line'));
  const xTitle = make('text', {'text-anchor': 'middle'}, settings.x), yTitle = make('text', {x: 4, y: 14}, settings.y);
  svg.append(bands, grid, xTicks, yTicks, xTitle, yTitle, lines, dots, cursor);
  const box = make('div', {class: 'mw-chart', role: 'slider', tabindex: 0, 'aria-label': `${props.label}: read each ${settings.x}`, 'aria-valuemin': 1}, svg);
  const legend = make('div', {class: 'mw-legend', role: 'group', 'aria-label': 'Lines'});
  const caption = make('p', {class: 'cap mw-note'}), note = make('p', {class: 'mw-note'}), empty = make('p', {class: 'mw-empty'});
  const tip = view.tooltip();
  root.append(view.heading(), empty, box, legend, caption, note);
  root.classList.add('mw-card');
  let frame = null, at = null, chosen = null;

  const series = () => props.value.series || [];
  const kind = (each, i) => (each.floor ? 'floor' : i % 16);
  const faded = (each) => (chosen !== null && chosen !== each.name) || null;
  const reached = () => Math.max(1, ...series().map((each) => each.y.findLastIndex(Number.isFinite) + 1));

  const layout = (value) => {
    const width = Math.max(box.clientWidth, 220), height = width < 460 ? 220 : 260;
    const seen = series().flatMap((each) => [...each.y, ...(each.low || []), ...(each.high || [])]).filter(Number.isFinite);
    let low = Math.min(...seen, ...(settings.zero ? [0] : [])), high = Math.max(...seen);
    if (low === high) { low -= settings.zero ? 0 : 1; high += 1; }
    const scale = ticks(low, high, 4), [first, last] = [scale.marks[0], scale.marks.at(-1)];
    const right = width - MARGIN.right, bottom = height - MARGIN.bottom, total = Math.max(value.total || 1, 1);
    const inset = settings.dots ? 14 : 0, room = right - MARGIN.left - 2 * inset;
    return {width, height, right, bottom, total, scale, inset, room, digits: Math.max(0, -Math.floor(Math.log10(scale.step))),
      x: (step) => MARGIN.left + inset + (total > 1 ? ((step - 1) / (total - 1)) * room : room / 2),
      y: (number) => MARGIN.top + ((last - number) / (last - first)) * (bottom - MARGIN.top)};
  };

  const drawAxes = () => {
    const {width, height, right, bottom, total, scale, digits, x, y} = frame;
    set(svg, 'viewBox', `0 0 ${width} ${height}`);
    set(svg, 'height', height);
    const rules = pool(grid, 'line', scale.marks.length), labels = pool(yTicks, 'text', scale.marks.length);
    scale.marks.forEach((mark, i) => {
      for (const [name, number] of [['x1', MARGIN.left], ['x2', right], ['y1', y(mark)], ['y2', y(mark)]]) set(rules[i], name, number);
      for (const [name, text] of [['x', MARGIN.left - 7], ['y', y(mark) + 4], ['text-anchor', 'end']]) set(labels[i], name, text);
      say(labels[i], fixed(mark, digits));
    });
    const every = total <= 12 ? 1 : ticks(0, total, 5).step;
    const steps = Array.from({length: total}, (_, i) => i + 1).filter((step) => step % every === 0);
    pool(xTicks, 'text', steps.length).forEach((label, i) => {
      for (const [name, text] of [['x', x(steps[i])], ['y', bottom + 17], ['text-anchor', 'middle']]) set(label, name, text);
      say(label, String(steps[i]));
    });
    set(xTitle, 'x', (MARGIN.left + right) / 2);
    set(xTitle, 'y', height - 4);
  };

  const point = (number, i) => `${frame.x(i + 1).toFixed(1)} ${frame.y(number).toFixed(1)}`;
  const path = (numbers) => numbers.map((number, i) =>
    (Number.isFinite(number) ? `${Number.isFinite(numbers[i - 1]) ? 'L' : 'M'}${point(number, i)}` : '')).join('');
  const area = ({low = [], high = []}) => {
    const there = low.map((number, i) => i).filter((i) => Number.isFinite(low[i]) && Number.isFinite(high[i]));
    if (there.length < 2) return '';
    return `M${there.map((i) => point(high[i], i)).join('L')}L${there.reverse().map((i) => point(low[i], i)).join('L')}Z`;
  };

  const drawLines = () => {
    const curves = pool(lines, 'path', series().length), areas = pool(bands, 'path', series().length);
    const marks = pool(dots, 'path', series().length);
    series().forEach((each, i) => {
      set(curves[i], 'd', path(each.y));
      set(curves[i], 'class', `mw-curve mw-curve-${kind(each, i)}`);
      set(areas[i], 'd', area(each));
      set(areas[i], 'class', `mw-band mw-band-${kind(each, i)}`);
      set(marks[i], 'd', settings.dots ? each.y.map((number, n) => (Number.isFinite(number) ? `M${point(number, n)}h0` : '')).join('') : '');
      set(marks[i], 'class', `mw-curve mw-curve-${kind(each, i)} mw-dots`);
      for (const node of [curves[i], areas[i], marks[i]]) set(node, 'data-faded', faded(each));
    });
  };

  const texts = (step) => {
    const there = series().filter((each) => Number.isFinite(each.y[step - 1])).sort((a, b) => a.y[step - 1] - b.y[step - 1]);
    return there.map((each) => {
      const [low, high] = [each.low?.[step - 1], each.high?.[step - 1]];
      const between = Number.isFinite(low) && low !== high ? ` (${fixed(low, settings.digits)} to ${fixed(high, settings.digits)})` : '';
      return `${each.title} ${fixed(each.y[step - 1], settings.digits)}${between}`;
    });
  };

  const readout = () => {
    const step = Math.min(at ?? reached(), reached()), first = `${settings.x} ${step} of ${frame.total}`;
    const said = texts(step);
    set(box, 'aria-valuemax', reached());
    set(box, 'aria-valuenow', step);
    set(box, 'aria-valuetext', [first, ...said].join(', '));
    say(caption, `${settings.x} ${reached()} of ${frame.total}: ${texts(reached()).join(', ')}`);
    set(cursor, 'display', at === null ? 'none' : null);
    if (at === null) return tip.hide();
    const x = frame.x(step), place = svg.getBoundingClientRect();
    for (const [name, number] of [['x1', x], ['x2', x], ['y1', MARGIN.top], ['y2', frame.bottom]]) set(cursor.firstChild, name, number);
    tip.show(new DOMRect(place.left + x - 4, place.top + MARGIN.top, 8, frame.bottom - MARGIN.top), [first, ...said]);
  };

  const entry = (each, i) => make('button', {type: 'button', 'data-name': each.name, 'aria-pressed': String(chosen === each.name), title: 'Press to make it stand out'},
    make('svg', {viewBox: '0 0 24 8', width: 24, height: 8, 'aria-hidden': true}, make('path', {d: 'M0 4H24', class: `mw-curve mw-curve-${kind(each, i)}`})), each.title);

  const draw = (value) => {
    const ready = series().length > 0;
    for (const node of [box, legend, caption, note]) node.hidden = !ready;
    empty.hidden = ready;
    say(empty, value.empty || settings.empty);
    if (!ready) return void (at = null, tip.hide());
    if (!box.clientWidth) return;
    if (!series().some(({name}) => name === chosen)) chosen = null;
    frame = layout(value);
    drawAxes();
    drawLines();
    readout();
    say(note, value.note || '');
    const names = series().map(({name}) => name).join();
    if (legend.dataset.names !== names) legend.replaceChildren(...series().map(entry));
    legend.dataset.names = names;
  };

  const ask = view.follow(draw);
  const move = (step) => { at = step === null ? null : Math.min(Math.max(step, 1), reached()); readout(); };
  const follows = (event) => {
    const inside = event.clientX - svg.getBoundingClientRect().left - MARGIN.left - frame.inset;
    move(1 + Math.round((inside / frame.room) * (frame.total - 1)));
  };
  for (const type of ['pointermove', 'pointerdown']) box.addEventListener(type, follows);
  for (const type of ['pointerleave', 'blur']) box.addEventListener(type, () => move(null));
  box.addEventListener('focus', () => { if (box.matches(':focus-visible')) move(at ?? reached()); });
  box.addEventListener('keydown', (event) => {
    const here = at ?? reached();
    const goal = {ArrowRight: here + 1, ArrowUp: here + 1, ArrowLeft: here - 1, ArrowDown: here - 1,
      PageUp: here + 10, PageDown: here - 10, Home: 1, End: reached()}[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    move(goal);
  });
  legend.addEventListener('click', (event) => {
    const name = event.target.closest('button')?.dataset.name;
    if (!name) return;
    chosen = chosen === name ? null : name;
    drawLines();
    for (const button of legend.children) set(button, 'aria-pressed', String(button.dataset.name === chosen));
  });
  new ResizeObserver(ask).observe(root);
};
