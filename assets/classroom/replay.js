// A slider through the steps of a recorded search: each in the prompt, on the figure and in words.
import {announcer} from '../page/announcer.js';
import {make, say, set} from '../page/dom.js';
import {Figure} from '../page/plotly.js';
import {splitText} from '../pieces/spans.js';
import {exchange, sentenceOf} from './replay_sentence.js';

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

// The figure of the whole search, up to one step; what is new at this step stands out.
const figureUpTo = ({figure: {data, layout}}, count, step) => {
  const [best, proposals, accepted, ...others] = data, until = accepted.x.filter((x) => x <= step.step).length;
  const cut = (trace, end) => ({...trace, x: trace.x.slice(0, end), y: trace.y.slice(0, end)});
  const marks = [step.log_prob, step.proposal].map((y, i) => ({type: 'scatter', mode: 'markers', x: [step.step], y: [y ?? null],
    showlegend: false, hoverinfo: 'skip', marker: {size: 11, color: [best.line.color, proposals.marker.color][i]}}));
  return {layout, data: [cut(best, count), cut(proposals, count), cut(accepted, until), ...others, ...marks]};
};

class Replay {
  constructor(view) {
    Object.assign(this, {view, value: {steps: []}, at: 0, timer: 0, words: [], seen: null});
    [this.first, this.back] = [button('\u00ab', 'First step'), button('\u2039', 'One step back')];
    [this.play, this.next, this.jump] = [button('Play'), button('\u203a', 'One step on'), button('Next accepted')];
    this.slider = make('input', {type: 'range', class: 'mw-replay-slider', min: 1, step: 1, 'aria-label': 'Step of the search'});
    this.count = make('span', {class: 'mw-replay-count'});
    this.verdict = make('span', {class: 'mw-verdict'});
    this.sentence = make('p', {class: 'mw-sentence', dir: 'auto'});
    this.strip = make('div', {class: 'mw-strip', dir: 'auto', role: 'list', 'aria-label': 'The prompt at this step'});
    this.plot = make('div', {class: 'mw-plot', role: 'group', 'aria-label': 'The search up to this step'});
    this.figure = new Figure(this.plot, 'replay');
    [this.note, this.empty] = ['mw-note', 'mw-empty'].map((name) => make('p', {class: name}));
    this.body = this.layOut();
    this.speaker = announcer(1500);
    view.root.append(view.heading(), this.empty, this.body, this.speaker);
    view.root.classList.add('mw-card');
    this.listen();
    view.follow((value) => this.open(value));
  }

  layOut() {
    const {play, first, back, next, jump, slider, count} = this;
    const controls = make('div', {class: 'mw-replay-controls'}, play, first, back, next, jump, slider, count);
    const samples = make('div', {class: 'mw-legend', 'aria-hidden': true}, sample({'data-removed': true}, 'removed in the best set'),
      sample({'data-exchange': 'back'}, SAID.back), sample({'data-exchange': 'out'}, SAID.out));
    return make('div', {class: 'mw-replay'}, controls, make('div', {class: 'mw-replay-story'}, this.sentence, this.verdict),
      this.strip, samples, this.plot, this.note);
  }

  listen() {
    // A disabled button would lose the focus, and with it the arrow keys.
    const press = (node, act) => node.addEventListener('click', () => { act(); if (node.disabled) this.slider.focus(); });
    press(this.play, () => this.toggle());
    press(this.first, () => this.go(0));
    press(this.back, () => this.go(this.at - 1));
    press(this.next, () => this.go(this.at + 1));
    press(this.jump, () => this.go(this.nextAccepted()));
    this.slider.addEventListener('input', () => this.go(Number(this.slider.value) - 1));
    this.view.root.addEventListener('keydown', (event) => this.move(event));
  }

  // A value that is another search is shown from its first step on.
  open(given) {
    const mark = JSON.stringify(given);
    if (mark === this.seen) return;
    this.seen = mark;
    this.pause();
    const spans = given.spans || [];
    this.value = {...given, spans, steps: readSteps(given.steps || [], spans)};
    this.body.hidden = !this.value.steps.length;
    this.empty.hidden = !this.body.hidden;
    say(this.empty, given.empty || '');
    say(this.note, given.note || '');
    this.note.hidden = !given.note;
    if (!this.body.hidden) this.build();
  }

  build() {
    this.words = [];
    this.strip.replaceChildren(...splitText(this.value.text, this.value.spans).map((piece) => (typeof piece === 'string' ? piece
      : this.words[piece.index] = make('span', {class: 'mw-token', role: 'listitem'}, piece.shown))));
    set(this.slider, 'max', this.value.steps.length);
    this.show(0);
  }

  show(index) {
    const {steps} = this.value, last = steps.length - 1;
    this.at = Math.min(Math.max(index, 0), last);
    const step = steps[this.at];
    this.tell(step);
    this.first.disabled = this.back.disabled = this.at === 0;
    this.next.disabled = this.at === last;
    this.jump.disabled = this.nextAccepted() < 0;
    this.drawStrip(step, exchange(this.value, this.at));
    this.figure.draw(figureUpTo(this.value, this.at + 1, step));
  }

  tell(step) {
    const state = step.accepted ? 'accepted' : 'rejected';
    this.sentence.replaceChildren(...pieces(sentenceOf(this.value, this.at)));
    say(this.verdict, step.accepted ? '\u2713 accepted' : '\u2717 not taken');
    set(this.verdict, 'data-accepted', step.accepted || null);
    this.slider.value = this.at + 1;
    set(this.slider, 'aria-valuetext', `step ${step.step} of ${this.value.total}, ${state}`);
    say(this.count, `step ${step.step} of ${this.value.total}`);
    this.speaker.announce(this.sentence.textContent, !this.timer);
  }

  drawStrip(step, {back, out}) {
    const removed = new Set(step.removed), put = new Set(back), taken = new Set(out);
    this.words.forEach((node, index) => {
      const move = put.has(index) ? 'back' : taken.has(index) ? 'out' : null;
      const said = [`"${this.value.spans[index].text}"`, removed.has(index) ? 'removed' : '', SAID[move]];
      set(node, 'data-removed', removed.has(index) || null);
      set(node, 'data-exchange', move);
      set(node, 'aria-label', said.filter(Boolean).join(', '));
    });
  }

  nextAccepted() { return this.value.steps.findIndex((step, i) => i > this.at && step.accepted); }

  go(index) {
    this.pause();
    this.show(index);
  }

  toggle() {
    if (this.timer) return this.pause();
    say(this.play, 'Pause');
    if (this.at >= this.value.steps.length - 1) this.show(0);
    this.tick();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = 0;
    say(this.play, 'Play');
  }

  tick() {
    const {view: {element, root}, value: {steps}} = this;
    if (!element.isConnected || !root.clientWidth || this.at >= steps.length - 1) return this.pause();
    const wait = Math.min(Math.max(WHOLE / steps.length, FASTEST), SLOWEST);
    this.timer = setTimeout(() => { this.show(this.at + 1); this.tick(); }, wait);
  }

  move(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.value.steps.length) return;
    const {at, value: {steps}} = this;
    const goal = {ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1,
      PageUp: at + 10, PageDown: at - 10, Home: 0, End: steps.length - 1}[event.key];
    if (goal !== undefined) this.go(goal);
    else if (event.key === ' ' && event.target === this.slider) this.toggle();
    else return;
    event.preventDefault();
  }
}

export const mount = (view) => new Replay(view);
