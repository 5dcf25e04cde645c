// A strip of spans that say something of themselves, by hover, focus and arrow keys.
import {make, set} from '../page/dom.js';
import {exact} from '../page/numbers.js';
import {firstBox, indexAt, paint, Roving, splitText} from './spans.js';

// says: what is read of a span, [first line, ...others], by its index. dress: colours and marks its node.
export const readableStrip = ({text, spans, label, says, dress, tip}) => {
  const nodes = [];
  const pieces = splitText(text, spans).map((piece) => {
    if (typeof piece === 'string') return piece;
    const {index, shown} = piece;
    const node = make('span', {class: 'mw-token', role: 'listitem', 'data-index': index, 'aria-label': says(index).join(', ')}, shown);
    dress(node, index);
    return nodes[index] = node;
  });
  const strip = make('div', {class: 'mw-strip', dir: 'auto', role: 'list', 'aria-label': label}, ...pieces);
  const show = (event) => {
    const index = indexAt(event);
    if (index >= 0) tip.show(firstBox(nodes[index]), says(index));
  };
  for (const type of ['pointerover', 'focusin']) strip.addEventListener(type, show);
  for (const type of ['pointerout', 'focusout']) strip.addEventListener(type, tip.hide);
  new Roving(strip, () => nodes).mark();
  return strip;
};

// The same in small, below a method's name: scores as colours. spans: [{text, start, end, score, removed}].
export const scoreStrip = ({text, spans, title, tip, neutral = 0, limits}) => {
  const says = (index) => {
    const {text: word, score, removed} = spans[index];
    const said = Number.isFinite(score) ? `score ${exact(score)}` : 'no score';
    return [`"${word}"`, removed ? `${said}, removed` : said];
  };
  const dress = (node, index) => {
    set(node, 'data-removed', spans[index].removed || null);
    paint(node, spans[index].score, neutral, limits);
  };
  const strip = readableStrip({text, spans, label: `Scores of ${title}`, says, dress, tip});
  set(strip, 'data-size', 'small');
  return strip;
};
