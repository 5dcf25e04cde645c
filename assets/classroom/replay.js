import {set, make, say} from '../page/dom.js';
import {announcer} from '../page/announcer.js';
import {splitText} from '../pieces/spans.js';
import {exchange, sentenceOf} from './replay_sentence.js';
import {searchCurve} from '../pieces/search_curve.js';

const SLOWEST = 1000, FASTEST = 50, WHOLE = 40000;  // milliseconds: a step at most and at least, all of them

const SAID = {back: 'put back by the proposal', out: 'removed by the proposal'};

const button = (text, label) => make('button', {type: 'button', class: 'mw-replay-button', 'aria-label': label}, text);
const sample = (marks, text) => make('span', {class: 'mw-sample'}, make('span', {class: 'mw-token', ...marks}, 'word'), ` ${text}`);

const pieces = (parts) => parts.map((part) => (typeof part === 'string' ? part : make('strong', {}, part.word)));

// Indices that name no span of the prompt are left out: a record can come from a file.
const readSteps = (steps, spans) => {
  const inside = (indices) => [].concat(indices ?? []).filter((index) => Number.isInteger(index) && index in spans);
  return steps.map((step) => ({...step, removed: inside(step.removed), proposed: step.proposed && inside(step.proposed)}));
};

export const mount = (view) => {
  const {element, root} = view;
  const {svg, keys, cursor, fit, trace, drawTrace, placeCursor} = searchCurve();
  const first = button('\u00ab', 'First step'), back = button('\u2039', 'One step back');
  const play = button('Play'), next = button('\u203a', 'One step on');
  const jump = button('Next accepted');
  const slider = make('input', {type: 'range', class: 'mw-replay-slider', min: 1, step: 1, 'aria-label': 'Step of the search'});
  const count = make('span', {class: 'mw-replay-count'});
  const controls = make('div', {class: 'mw-replay-controls'}, play, first, back, next, jump, slider, count);
  const verdict = make('span', {class: 'mw-verdict'}), sentence = make('p', {class: 'mw-sentence', dir: 'auto'});
  const story = make('div', {class: 'mw-replay-story'}, sentence, verdict);
  const strip = make('div', {class: 'mw-strip', dir: 'auto', role: 'list', 'aria-label': 'The prompt at this step'});
  const samples = make('div', {class: 'mw-legend', 'aria-hidden': true}, sample({'data-removed': true}, 'removed in the best set'),
    sample({'data-exchange': 'back'}, 'put back by the proposal'), sample({'data-exchange': 'out'}, 'removed by the proposal'));
  const trial = make('circle', {class: 'mw-trial', r: 5});
  svg.insertBefore(trial, cursor);
  const chart = make('div', {class: 'mw-chart'}, svg), note = make('p', {class: 'mw-note'}), empty = make('p', {class: 'mw-empty'});
  const body = make('div', {class: 'mw-replay'}, controls, story, strip, samples, chart, keys, note);
  const speaker = announcer(1500);
  root.append(view.heading(), empty, body, speaker);
  root.classList.add('mw-card');

  let value = {steps: []}, series = {}, frame = null, points = null, at = 0, timer = 0, words = [], seen = null;

  const drawStrip = (step, {back: restored, out}) => {
    const removed = new Set(step.removed), put = new Set(restored), taken = new Set(out);
    words.forEach((node, index) => {
      const move = put.has(index) ? 'back' : taken.has(index) ? 'out' : null;
      const said = [removed.has(index) ? 'removed' : '', SAID[move]];
      set(node, 'data-removed', removed.has(index) || null);
      set(node, 'data-exchange', move);
      set(node, 'aria-label', [`"${value.spans[index].text}"`, ...said.filter(Boolean)].join(', '));
    });
  };

  // Once a search and a width: reading the width at every step would lay out the page each time.
  const fitPlot = () => {
    points = null;
    if (!chart.clientWidth || !value.steps.length) return;
    frame = fit(series, chart.clientWidth);
    points = trace(series);
    drawPlot();
  };

  const drawPlot = () => {
    if (!points) return;
    drawTrace(points, at + 1);
    const [across] = placeCursor(series.steps[at], series.y[at]), tried = series.proposals[at];
    const known = Number.isFinite(tried);
    set(trial, 'display', known ? null : 'none');
    if (known) { set(trial, 'cx', across); set(trial, 'cy', frame.y(tried)); }
  };

  const draw = () => {
    const step = value.steps[at], parts = sentenceOf(value, at), state = step.accepted ? 'accepted' : 'rejected';
    sentence.replaceChildren(...pieces(parts));
    say(verdict, step.accepted ? '\u2713 accepted' : '\u2717 not taken');
    set(verdict, 'data-accepted', step.accepted || null);
    slider.value = at + 1;
    set(slider, 'aria-valuetext', `step ${step.step} of ${value.total}, ${state}`);
    say(count, `step ${step.step} of ${value.total}`);
    first.disabled = back.disabled = at === 0;
    next.disabled = at === value.steps.length - 1;
    jump.disabled = !series.accepted.includes(true, at + 1);
    drawStrip(step, exchange(value, at));
    drawPlot();
    speaker.announce(sentence.textContent, !timer);
  };

  const show = (index) => { at = Math.min(Math.max(index, 0), value.steps.length - 1); draw(); };

  const pause = () => { clearTimeout(timer); timer = 0; say(play, 'Play'); };
  const tick = () => {
    if (!element.isConnected || !root.clientWidth || at >= value.steps.length - 1) return pause();
    timer = setTimeout(() => { show(at + 1); tick(); }, Math.min(Math.max(WHOLE / value.steps.length, FASTEST), SLOWEST));
  };
  const toggle = () => {
    if (timer) return pause();
    say(play, 'Pause');
    if (at >= value.steps.length - 1) show(0);
    tick();
  };
  const go = (index) => { pause(); show(index); };

  // A disabled button would lose the focus, and with it the arrow keys.
  const press = (node, act) => node.addEventListener('click', () => { act(); if (node.disabled) slider.focus(); });
  press(play, toggle);
  press(first, () => go(0));
  press(back, () => go(at - 1));
  press(next, () => go(at + 1));
  press(jump, () => go(series.accepted.indexOf(true, at + 1)));
  slider.addEventListener('input', () => go(Number(slider.value) - 1));
  root.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !value.steps.length) return;
    const goal = {ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1,
      PageUp: at + 10, PageDown: at - 10, Home: 0, End: value.steps.length - 1}[event.key];
    if (goal !== undefined) go(goal);
    else if (event.key === ' ' && event.target === slider) toggle();
    else return;
    event.preventDefault();
  });

  const open = (given) => {
    const mark = JSON.stringify(given);
    if (mark === seen) return fitPlot();
    seen = mark;
    pause();
    const spans = given.spans || [];
    value = {...given, spans, steps: readSteps(given.steps || [], spans)};
    const column = (name) => value.steps.map((step) => step[name]);
    series = {unmasked: value.unmasked, unit: value.unit, total: value.total, steps: column('step'),
      y: column('log_prob'), proposals: column('proposal'), accepted: column('accepted')};
    body.hidden = !value.steps.length;
    empty.hidden = !body.hidden;
    say(empty, value.empty || '');
    say(note, value.note || '');
    note.hidden = !value.note;
    if (body.hidden) return;
    words = [];
    strip.replaceChildren(...splitText(value.text, spans).map((piece) => (typeof piece === 'string' ? piece
      : words[piece.index] = make('span', {class: 'mw-token', role: 'listitem'}, piece.shown))));
    set(slider, 'max', value.steps.length);
    at = 0;
    fitPlot();
    draw();
  };

  new ResizeObserver(view.follow(open)).observe(root);
};
