// The tokens of an answer, coloured by what each lost, of which a part can be chosen.
import {make, say, set} from '../page/dom.js';
import {exact, fixed} from '../page/numbers.js';
import {bounds, firstBox, indexAt, paint, Roving, splitText} from './spans.js';

const HINT = 'To choose a part, drag over its words, or hold Shift and press the arrow keys.';
const SETTLED = 150;  // milliseconds: the page hears of a part once the hand rests, for dragging passes over many

// Whether a selection holds letters of a token, not only the place before or behind them.
const holds = (selected, node) => {
  const letters = node.firstChild;
  const behind = selected.startContainer === letters && selected.startOffset === letters.length;
  const before = selected.endContainer === letters && selected.endOffset === 0;
  return selected.intersectsNode(node) && !behind && !before;
};

class ResponseStrip {
  constructor(view) {
    this.view = view;
    Object.assign(this, {nodes: [], spans: [], shape: '', anchor: -1, range: [], settled: 0, pressed: false});
    this.strip = make('div', {class: 'mw-strip mw-response', dir: 'auto', role: 'listbox', 'aria-multiselectable': true,
      'aria-label': view.props.label});
    this.ends = ['start', 'middle', 'end'].map((at) => make('span', {class: `mw-${at}`}));
    const scale = make('div', {class: 'mw-scale'}, make('div', {class: 'mw-ramp', 'aria-hidden': true}), ...this.ends);
    this.meaning = make('p', {class: 'mw-note'});
    this.part = make('p', {class: 'mw-part', role: 'status', dir: 'auto'});
    const legend = make('div', {class: 'mw-legend'}, scale, make('span', {}, 'nats lost'));
    view.root.append(view.heading(), this.strip, legend, this.meaning, this.part);
    view.root.classList.add('mw-card');
    this.tip = view.tooltip();
    this.listenToKeys();
    this.listenToPointer();
    view.follow((value) => this.draw(value));
  }

  draw(value) {
    this.spans = value.spans || [];
    const shape = JSON.stringify([value.text, this.spans.map((span) => span.start)]);
    if (shape !== this.shape) this.build(value);
    this.shape = shape;
    const [low, high] = bounds(value, []);
    this.nodes.forEach((node, index) => {
      paint(node, this.spans[index].score, 0, [low, high]);
      set(node, 'aria-label', this.describe(index).join(', '));
    });
    [low, 0, high].forEach((number, i) => say(this.ends[i], exact(Number(number.toPrecision(2)))));
    say(this.meaning, value.legend || '');
    this.mark();
  }

  build(value) {
    Object.assign(this, {nodes: [], anchor: -1, range: []});
    this.keys.current = 0;
    this.strip.replaceChildren(...splitText(value.text, this.spans).map((piece) => (typeof piece === 'string' ? piece
      : this.nodes[piece.index] = make('span', {class: 'mw-token', role: 'option', 'data-index': piece.index}, piece.shown))));
  }

  mark() {
    const [first, last] = this.range;
    this.nodes.forEach((node, index) => {
      const chosen = index >= first && index <= last;
      set(node, 'aria-selected', String(chosen));
      set(node, 'data-chosen', chosen || null);
    });
    this.keys.mark();
    say(this.part, this.range.length ? `Chosen: \u201c${this.partText()}\u201d` : HINT);
  }

  partText() {
    const {spans, range: [first, last]} = this;
    return first === undefined ? '' : Array.from(this.view.props.value.text).slice(spans[first].start, spans[last].end).join('');
  }

  describe(index) {
    const {text, score, lines} = this.spans[index];
    const lost = Number.isFinite(score) ? `${score < 0 ? 'gains' : 'loses'} ${fixed(Math.abs(score))} nats` : 'not measured';
    return [`"${text}"`, lost, ...lines, `token ${index + 1} of ${this.spans.length}`];
  }

  // The part between two tokens; of none where none is given.
  choose(...ends) {
    const range = ends.sort((a, b) => a - b);
    if (range.join() === this.range.join()) return;
    this.range = range;
    this.mark();
    clearTimeout(this.settled);
    const text = this.partText();
    this.settled = setTimeout(() => this.view.trigger('select', {index: range, value: text, text}), SETTLED);
  }

  // Text selected by mouse, by touch or by double click becomes the tokens under it.
  chooseSelected() {
    const selection = getSelection();
    if (selection.isCollapsed || !this.strip.contains(selection.anchorNode)) return;
    const selected = selection.getRangeAt(0);
    const chosen = this.nodes.filter((node) => holds(selected, node));
    if (chosen.length) this.choose(this.nodes.indexOf(chosen[0]), this.nodes.indexOf(chosen.at(-1)));
  }

  listenToPointer() {
    const {strip, tip, view} = this;
    for (const type of ['pointerover', 'focusin']) strip.addEventListener(type, (event) => this.show(event));
    for (const type of ['pointerout', 'focusout']) strip.addEventListener(type, tip.hide);
    strip.addEventListener('pointerdown', () => this.press());
    strip.addEventListener('click', (event) => {
      if (indexAt(event) < 0 || !getSelection().isCollapsed) return;
      this.keys.move(indexAt(event));
      this.choose(this.keys.current, this.keys.current);
    });
    view.listen(document, 'selectionchange', () => this.chooseSelected());
    for (const type of ['pointerup', 'pointercancel']) view.listen(document, type, () => this.release());
  }

  // Chromium selects no text where the press focuses a token: none can be focused until the button is up.
  press() {
    Object.assign(this, {anchor: -1, pressed: true});
    this.tip.hide();
    this.nodes.forEach((node) => set(node, 'tabindex', null));
  }

  release() {
    if (this.pressed) this.mark();
    this.pressed = false;
  }

  show(event) {
    const index = indexAt(event);
    if (index >= 0 && !this.pressed) this.tip.show(firstBox(this.nodes[index]), this.describe(index));
  }

  listenToKeys() {
    this.strip.addEventListener('keydown', (event) => this.extend(event));
    this.keys = new Roving(this.strip, () => this.nodes);
    this.strip.addEventListener('keydown', (event) => this.chooseByKey(event));
  }

  // Before a key moves the focus: where extending began.
  extend(event) {
    if (this.keys.goal(event.key) === undefined) return;
    this.anchor = !event.shiftKey ? -1 : this.anchor < 0 ? this.keys.current : this.anchor;
  }

  chooseByKey(event) {
    const moved = this.keys.goal(event.key) !== undefined;
    if (!moved && !['Enter', ' ', 'Escape'].includes(event.key)) return;
    event.preventDefault();
    getSelection().removeAllRanges();
    if (event.key === 'Escape') this.choose();
    else if (!moved) this.choose(this.keys.current, this.keys.current);
    else if (event.shiftKey) this.choose(this.anchor, this.keys.current);
  }
}

export const mount = (view) => new ResponseStrip(view);
