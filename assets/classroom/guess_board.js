// A token strip whose marks the page keeps by itself.
import {make, say, set} from '../page/dom.js';
import {indexAt} from '../pieces/spans.js';
import {TokenStrip} from '../pieces/token_strip.js';

const plural = (count, unit) => `${count} ${unit}${count === 1 ? '' : 's'}`;

export const mount = (view) => {
  const {props, root} = view;
  const tokens = new TokenStrip(view), {strip} = tokens;
  const question = make('p', {class: 'mw-question', dir: 'auto'});
  const counter = make('p', {class: 'mw-counter', role: 'status'});
  const keys = make('p', {class: 'mw-note'},
    make('span', {class: 'mw-key mw-key-marked'}, 'marked'), make('span', {class: 'mw-key mw-key-set'}, 'in the best set'));
  root.classList.add('mw-guess');
  strip.before(question);
  tokens.legend.node.replaceWith(counter, keys);  // the legend of scores, which a round has none of

  const drawMarks = (value) => {
    const {selected = [], best, k, unit = 'word', selectable, then = 'press Reveal'} = value, chosen = new Set(best || []);
    const ready = tokens.nodes.length > 0, full = selected.length === k;
    say(question, value.question || '');
    question.hidden = counter.hidden = !ready;
    keys.hidden = !best;
    set(root, 'data-revealed', Boolean(best));
    tokens.nodes.forEach((node, index) => {
      set(node, 'data-best', chosen.has(index) || null);
      set(node, 'data-hit', (chosen.has(index) && selected.includes(index)) || null);
    });
    set(counter, 'data-full', full || null);
    const hits = selected.filter((index) => chosen.has(index)).length;
    if (best) say(counter, `${hits} of the ${plural(k, unit)} of the best set found`);
    else say(counter, `${selected.length} of ${k} marked${full && selectable && then ? `: ${then}` : ''}`);
  };

  const toggle = (index) => {
    const {selected = [], k, selectable} = props.value;
    if (!selectable || index < 0) return;
    const others = selected.filter((other) => other !== index);
    if (others.length === selected.length && selected.length >= k)
      return say(counter, `${k} of ${k} marked: take one mark away first`);
    props.value = {...props.value, selected: others.length < selected.length ? others : [...selected, index]};
    tokens.draw(props.value); // `watch` hears of the server's values alone
    drawMarks(props.value);
  };

  strip.addEventListener('click', (event) => toggle(indexAt(event)));
  strip.addEventListener('keydown', (event) => { if (event.key === 'Enter' || event.key === ' ') toggle(tokens.keys.current); });
  view.follow(drawMarks);
};
