// Shared by the views of a text: its spans as nodes, and their colours.
import {set} from '../page/dom.js';

// Pieces of the text in order: strings between the spans, {index, shown} for each span. Offsets count code
// points, as in Python; a JavaScript string counts UTF-16 units.
export const splitText = (text, spans) => {
  const letters = Array.from(text || ''), pieces = [];
  let place = 0;
  spans.forEach((span, index) => {
    const start = Math.max(span.start, place), end = Math.max(span.end, start);
    if (start > place) pieces.push(letters.slice(place, start).join(''));
    place = end;
    // Byte-level tokens can share one character: the first shows it, the others show a dot.
    pieces.push({index, shown: letters.slice(start, end).join('') || '\u00b7'});
  });
  return [...pieces, letters.slice(place).join('')];
};

// Scores of full colour, [against, for], around the neutral one.
export const bounds = (value, scores) => {
  const {neutral = 0, limit, limits} = value;
  if (limits) return limits;
  const reach = limit || Math.max(0, ...scores.filter(Number.isFinite).map((score) => Math.abs(score - neutral)));
  return [neutral - reach, neutral + reach];
};

export const paint = (node, score, neutral, [low, high]) => {
  const away = Number.isFinite(score) ? score - neutral : 0, reach = away > 0 ? high - neutral : neutral - low;
  set(node, 'data-sign', away ? (away > 0 ? 'positive' : 'negative') : null);
  node.style.setProperty('--strength', reach ? Math.min(Math.abs(away) / reach, 1) : 0);
};

// The index of the span that an event is in, -1 outside of all.
export const indexAt = (event) => Number(event.target.closest?.('[data-index]')?.dataset.index ?? -1);

// The box of a span's first line.
export const firstBox = (node) => node.getClientRects()[0] || node.getBoundingClientRect();

// Arrow keys, Home and End move through nodes of which one at a time can be reached by Tab.
export class Roving {
  constructor(strip, nodes) {
    Object.assign(this, {strip, nodes, current: 0});
    strip.addEventListener('focusin', (event) => { this.current = Math.max(indexAt(event), 0); });
    strip.addEventListener('keydown', (event) => {
      const goal = this.goal(event.key);
      if (goal === undefined) return;
      event.preventDefault();
      this.move(goal);
    });
  }

  // Where a key leads, undefined for all other keys.
  goal(key) {
    const back = getComputedStyle(this.strip).direction === 'rtl' ? 'ArrowRight' : 'ArrowLeft';
    const forward = back === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
    return {[forward]: this.current + 1, [back]: this.current - 1, Home: 0, End: this.nodes().length - 1}[key];
  }

  mark() { this.nodes().forEach((node, i) => set(node, 'tabindex', i === this.current ? 0 : -1)); }

  move(index) {
    this.current = Math.min(Math.max(index, 0), this.nodes().length - 1);
    this.mark();
    this.nodes()[this.current]?.focus();
  }
}
