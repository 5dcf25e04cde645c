// The spans of a text, coloured by score, read by hover, focus and arrow keys.
import {make, say, set} from '../page/dom.js';
import {exact} from '../page/numbers.js';
import {bounds, firstBox, indexAt, paint, Roving, splitText} from './spans.js';

const EMPTY = 'The words of the prompt appear here.';
const UNTRIED = 'Each word gets its colour once it has been tried.';

// A piece of the template around the text. Where it has lines to read, as <mask> has, it can be focused.
const fixedPiece = ({kind, text, lines}) => make('span', lines ? {class: `mw-${kind}`, role: 'note', tabindex: 0,
  'aria-label': [text, ...lines].join(', '), 'data-lines': JSON.stringify([text, ...lines])} : {class: `mw-${kind}`}, text);

const roleOf = (value) => (value.selectable ? 'button' : value.before ? 'note' : 'listitem');

const shapeOf = (value, spans) =>
  JSON.stringify([value.text, Boolean(value.selectable), value.before, value.after, spans.map((s) => [s.start, s.end])]);

// The colours' scale, its unit and what they mean, below the strip.
class Legend {
  constructor() {
    this.limits = ['start', 'middle', 'end'].map((at) => make('span', {class: `mw-${at}`}));
    this.unit = make('span', {class: 'mw-unit'});
    this.scale = make('div', {class: 'mw-scale'}, make('div', {class: 'mw-ramp', 'aria-hidden': true}), ...this.limits);
    const word = make('s', {class: 'mw-token', 'data-removed': true}, 'word');
    this.sample = make('span', {class: 'mw-sample'}, word, ' removed');
    this.node = make('div', {class: 'mw-legend'}, this.scale, this.unit, this.sample);
    this.meaning = make('p', {class: 'mw-note'});
  }

  draw({neutral = 0, unit = '', legend = ''}, [low, high], anyRemoved) {
    this.scale.hidden = this.unit.hidden = low === high;
    [low, neutral, high].forEach((number, i) => say(this.limits[i], exact(Number(number.toPrecision(2)))));
    say(this.unit, unit);
    this.sample.hidden = !anyRemoved;
    say(this.meaning, legend);
  }
}

export class TokenStrip {
  constructor(view) {
    this.view = view;
    this.nodes = [];
    this.spans = [];
    this.shape = '';
    this.strip = make('div', {class: 'mw-strip', dir: 'auto'});
    this.empty = make('p', {class: 'mw-empty'}, EMPTY);
    this.legend = new Legend();
    view.root.append(view.heading(), this.empty, this.strip, this.legend.node, this.legend.meaning);
    view.root.classList.add('mw-card');
    this.tip = view.tooltip();
    this.listen();
    view.follow((value) => this.draw(value));
  }

  listen() {
    const {strip} = this;
    this.keys = new Roving(strip, () => this.nodes);
    for (const type of ['pointerover', 'focusin']) strip.addEventListener(type, (event) => this.show(event));
    for (const type of ['pointerout', 'focusout']) strip.addEventListener(type, this.tip.hide);
    strip.addEventListener('click', (event) => {
      if (indexAt(event) < 0) return;
      this.keys.move(indexAt(event));
      this.choose(this.keys.current);
    });
    strip.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      this.choose(this.keys.current);
    });
  }

  draw(value) {
    this.spans = value.spans || [];
    const shape = shapeOf(value, this.spans);
    if (shape !== this.shape) this.build(value);
    this.shape = shape;
    const limits = bounds(value, this.spans.map((span) => span.score));
    this.mark(value, limits);
    set(this.strip, 'role', value.selectable || value.before ? 'group' : 'list');
    set(this.strip, 'aria-label', this.view.props.label);
    set(this.strip, 'data-size', value.size);
    say(this.empty, value.empty || (value.text ? UNTRIED : EMPTY));
    this.empty.hidden = this.spans.length > 0;
    this.legend.draw(value, limits, this.spans.some((span) => span.removed));
  }

  build(value) {
    this.nodes = [];
    this.keys.current = 0;
    const pieces = splitText(value.text, this.spans).map((piece) => {
      if (typeof piece === 'string') return piece;
      const {index, shown} = piece;
      return this.nodes[index] = make('span', {class: 'mw-token', 'data-index': index, role: roleOf(value)}, shown);
    });
    this.strip.replaceChildren(...(value.before || []).map(fixedPiece), ...pieces, ...(value.after || []).map(fixedPiece));
  }

  mark(value, limits) {
    const chosen = new Set(value.selected || []);
    this.nodes.forEach((node, index) => {
      const {score, removed, lines = []} = this.spans[index];
      const [which, ...rest] = this.describe(index);
      set(node, 'aria-label', `${which}: ${[...rest, ...lines].join(', ')}`);
      set(node, 'aria-pressed', value.selectable ? String(chosen.has(index)) : null);
      set(node, 'data-removed', removed || null);
      set(node, 'data-selected', chosen.has(index) || null);
      paint(node, score, value.neutral || 0, limits);
    });
    this.keys.mark();
  }

  describe(index) {
    const {granularity = 'word', unit = ''} = this.view.props.value, span = this.spans[index];
    const score = Number.isFinite(span.score) ? `score ${exact(span.score)} ${unit}`.trim() : 'no score';
    return [`${granularity} ${index + 1} of ${this.spans.length}`, `"${span.text}"`, score, ...(span.removed ? ['removed'] : [])];
  }

  show(event) {
    const index = indexAt(event), piece = event.target.closest?.('[data-lines]');
    if (piece) return this.tip.show(firstBox(piece), JSON.parse(piece.dataset.lines));
    if (index < 0) return;
    const [which, text, ...rest] = this.describe(index);
    this.tip.show(firstBox(this.nodes[index]), [text, rest.join(', '), ...(this.spans[index].lines || []), which]);
  }

  choose(index) {
    const {props, trigger} = this.view, {text} = this.spans[index];
    if (props.value.selectable) trigger('select', {index, value: text, text});
  }
}

export const mount = (view) => new TokenStrip(view);
