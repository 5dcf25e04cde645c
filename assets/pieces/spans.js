// Shared by the views of a text: its spans as nodes, and their colours.

// Pieces of the text in order: strings between the spans, {index, shown} for each span. Offsets count code
// points, as in Python; a JavaScript string counts UTF-16 units.
const splitText = (text, spans) => {
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
const bounds = (value, scores) => {
  const {neutral = 0, limit, limits} = value;
  if (limits) return limits;
  const reach = limit || Math.max(0, ...scores.filter(Number.isFinite).map((score) => Math.abs(score - neutral)));
  return [neutral - reach, neutral + reach];
};

const paint = (node, score, neutral, [low, high]) => {
  const away = Number.isFinite(score) ? score - neutral : 0, reach = away > 0 ? high - neutral : neutral - low;
  set(node, 'data-sign', away ? (away > 0 ? 'positive' : 'negative') : null);
  node.style.setProperty('--strength', reach ? Math.min(Math.abs(away) / reach, 1) : 0);
};
