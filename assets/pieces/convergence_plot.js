import {set, make, say} from '../page/dom.js';
import {fixed} from '../page/numbers.js';
import {announcer} from '../page/announcer.js';
import {MARGIN, searchCurve} from './search_curve.js';

export const mount = (view) => {
  const {props, root} = view;
  const {svg, keys, cursor, fit, trace, drawTrace, placeCursor} = searchCurve();
  const chart = make('div', {class: 'mw-chart', role: 'slider', tabindex: 0, 'aria-label': `${props.label}: read the iterations`}, svg);
  const caption = make('p', {class: 'cap mw-note'}), empty = make('p', {class: 'mw-empty'});
  const speaker = announcer(5000), tip = view.tooltip();
  root.append(view.heading(), empty, chart, caption, keys, speaker);
  root.classList.add('mw-card');

  let at = null, frame = null;

  const drawCursor = (value) => {
    set(cursor, 'display', at === null ? 'none' : null);
    const step = Math.min(at ?? value.y.length, value.y.length), unit = value.unit || 'nats';
    const number = value.y[step - 1], tried = (value.proposals || [])[step - 1];
    const lines = [`iteration ${step} of ${frame.total}`, `best ${fixed(number)} ${unit}`];
    if (Number.isFinite(tried)) lines.push(`proposal ${fixed(tried)} ${unit}, ${value.accepted?.[step - 1] ? 'accepted' : 'rejected'}`);
    for (const [name, n] of [['min', 1], ['max', value.y.length], ['now', step]]) set(chart, `aria-value${name}`, n);
    set(chart, 'aria-valuetext', lines.join(', '));
    if (at === null) return tip.hide();
    const [x, y] = placeCursor(step, number);
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
    frame = fit(value, chart.clientWidth);
    drawTrace(trace(value));
    drawCursor(value);
    const against = Number.isFinite(value.unmasked) ? ` (unmasked ${fixed(value.unmasked)})` : '';
    say(caption, `iteration ${value.y.length} of ${frame.total}: log p ${fixed(value.y.at(-1))}${against}`);
    speaker.announce(caption.textContent, value.y.length === frame.total);
  };

  const ask = view.follow(draw);
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
};
