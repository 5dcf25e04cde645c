// Shared by the views that draw a search: log p of the best set, the proposals and the accepted ones by step.
// value: see components/convergence_plot.py; "steps" holds the number of each point, where not all are given.
import {make, say, set} from '../page/dom.js';
import {fixed} from '../page/numbers.js';
import {pool, ticks} from './chart.js';

export const MARGIN = {left: 58, right: 20, top: 28, bottom: 40};

export const searchCurve = () => {
  const svg = make('svg', {'aria-hidden': true});
  const grid = make('g', {class: 'mw-grid'}), xTicks = make('g'), yTicks = make('g');
  const proposals = make('path', {class: 'mw-proposals'}), best = make('path', {class: 'mw-best'});
  const accepted = make('path', {class: 'mw-accepted'});
  const unmasked = make('line', {class: 'mw-unmasked'}), unmaskedText = make('text', {class: 'mw-unmasked-text', 'text-anchor': 'end'});
  const cursor = make('g', {class: 'mw-cursor'}, make('line'), make('circle', {r: 4.5}));
  const xTitle = make('text', {'text-anchor': 'middle'}, 'iteration'), yTitle = make('text', {x: 4, y: 14});
  svg.append(grid, xTicks, yTicks, xTitle, yTitle, proposals, unmasked, best, accepted, unmaskedText, cursor);

  const key = (name, text) => make('span', {class: `mw-key mw-key-${name}`}, text);
  const keys = make('div', {class: 'mw-legend', 'aria-hidden': true}, key('best', 'best so far'),
    key('proposals', 'proposal'), key('accepted', 'accepted swap'), key('unmasked', 'unmasked prompt'));

  let frame = {};

  const layout = (value, space) => {
    const width = Math.max(space, 220), height = width < 460 ? 210 : 250;
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

  const drawUnmasked = (value) => {
    const line = Number.isFinite(value.unmasked) ? frame.y(value.unmasked) : null;
    for (const node of [unmasked, unmaskedText]) set(node, 'display', line === null ? 'none' : null);
    if (line === null) return;
    for (const [name, number] of [['x1', MARGIN.left], ['x2', frame.right], ['y1', line], ['y2', line]]) set(unmasked, name, number);
    set(unmaskedText, 'x', frame.right - 2);
    set(unmaskedText, 'y', line - MARGIN.top < 18 ? line + 15 : line - 6);
    say(unmaskedText, `unmasked prompt ${fixed(value.unmasked)}`);
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
    drawUnmasked(value);
  };

  // The drawing in pieces, one a point, so that a part of it can be drawn without computing it again. Many dots are one
  // path of zero-length strokes with round ends: a single node at any number of iterations.
  const trace = (value) => {
    const {x, y} = frame, tried = value.proposals || [], swaps = value.accepted || [];
    const across = (i) => x(value.steps ? value.steps[i] : i + 1).toFixed(1);
    const dots = (numbers, keep) => numbers.map((number, i) =>
      Number.isFinite(number) && keep(i) ? `M${across(i)} ${y(number).toFixed(1)}h0` : '');
    return {proposals: dots(tried, () => true), accepted: dots(value.y, (i) => swaps[i]),
      best: value.y.map((number, i) => (i ? `H${across(i)}V${y(number).toFixed(1)}` : `M${across(0)} ${y(number)}`))};
  };

  // The first `count` points of a trace.
  const drawTrace = (points, count = points.best.length) => {
    set(proposals, 'd', points.proposals.slice(0, count).join(''));
    set(accepted, 'd', points.accepted.slice(0, count).join(''));
    set(best, 'd', points.best.slice(0, count).join('') + (count === 1 ? 'h2' : ''));
  };

  // The vertical line and the ring at a step; returns the ring's place in the drawing.
  const placeCursor = (step, number) => {
    const [line, circle] = cursor.children, x = frame.x(step), y = frame.y(number);
    for (const [name, n] of [['x1', x], ['x2', x], ['y1', MARGIN.top], ['y2', frame.bottom]]) set(line, name, n);
    set(circle, 'cx', x); set(circle, 'cy', y);
    return [x, y];
  };
  const fit = (value, space) => { frame = layout(value, space); drawAxes(value); return frame; };
  return {svg, keys, cursor, fit, trace, drawTrace, placeCursor};
};
