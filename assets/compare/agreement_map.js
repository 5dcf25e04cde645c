// How many methods removed each span, and what the sets of each two methods have in common.
import {make, say} from '../page/dom.js';
import {Chart} from '../pieces/chart.js';
import {readableStrip} from '../pieces/readable_strip.js';
import {paint} from '../pieces/spans.js';

// The text; a number beside a span says how many methods removed it.
const votes = ({text, spans, votes: counts, methods}, label, tip) => readableStrip({text, spans, label, tip,
  says: (index) => [`"${spans[index].text}"`, `${counts[index]} of ${methods} methods removed it`],
  dress: (node, index) => {
    if (counts[index]) node.append(make('sup', {}, String(counts[index])));
    paint(node, counts[index], 0, [0, methods]);
  }});

export const mount = (view) => {
  const {props, root} = view, tip = view.tooltip(), chart = new Chart(view, 'agreement');
  const strip = make('div', {class: 'mw-votes'}), note = make('p', {class: 'mw-note'});
  const empty = make('p', {class: 'mw-empty'}, 'Once all methods are done, the words they removed are counted here.');
  const panels = make('div', {class: 'mw-panels'}, make('section', {'aria-label': 'Votes'}, strip, note), chart.node);
  root.append(view.heading(), empty, panels);
  root.classList.add('mw-card');
  let drawn = '';

  view.follow((value) => {
    const ready = (value.spans || []).length > 0, shape = JSON.stringify(value);
    panels.hidden = !ready;
    empty.hidden = ready;
    if (!ready || shape === drawn) return;
    drawn = shape;
    strip.replaceChildren(votes(value, props.label, tip));
    say(note, value.votes_sentence);
    chart.draw(value.pairs);
  });
};
