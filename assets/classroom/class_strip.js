// The words of a round with how many of a class chose each: coloured by their share, read by hover and keyboard.
import {make, say, set} from '../page/dom.js';
import {TokenStrip} from '../pieces/token_strip.js';

class ClassStrip extends TokenStrip {
  describe(index) {
    const {granularity = 'word', of, selected = []} = this.view.props.value, span = this.spans[index];
    const chosen = of ? `chosen by ${span.count} of ${of}` : '';
    const own = selected.includes(index) ? 'marked by you' : '';
    return [`${granularity} ${index + 1} of ${this.spans.length}`, `"${span.text}"`, [chosen, own].filter(Boolean).join(', ')];
  }
}

export const mount = (view) => {
  const {root} = view, tokens = new ClassStrip(view);
  const question = make('p', {class: 'mw-question', dir: 'auto'});
  const share = make('span', {class: 'mw-key mw-key-share'}), best = make('span', {class: 'mw-key mw-key-set'}, 'in the best set');
  const own = make('span', {class: 'mw-key mw-key-marked'}, 'marked by you');
  root.classList.add('mw-guess', 'mw-class-strip');
  tokens.strip.before(question);
  tokens.legend.node.replaceWith(make('p', {class: 'mw-note'}, share, own, best));

  view.follow(({question: asked = '', of, best: set_ = null, selected = []}) => {
    const chosen = new Set(set_ || []);
    say(question, asked);
    say(share, `the stronger, the more of the ${of} chose it`);
    share.hidden = !of;
    own.hidden = !selected.length;
    best.hidden = !set_;
    set(root, 'data-revealed', of || null);
    tokens.nodes.forEach((node, index) => {
      set(node, 'data-count', of ? tokens.spans[index].count || null : null);
      set(node, 'data-best', chosen.has(index) || null);
    });
  });
};
