import {set, make, say} from '../page/dom.js';
import {piecesOf} from './answer.js';

const SIDES = {
  original: {title: 'Answer to the whole prompt', waiting: 'The answer appears here as it is written.'},
  masked: {title: 'Answer without the removed words', waiting: 'Written once the words to remove are found.'},
};

const summary = ({lost, added, shared}) => {
  if (shared === 0) return 'The two answers share no word.';
  if (shared) return `The two answers share almost nothing: ${shared} ${shared === 1 ? 'word' : 'words'}, marked in both.`;
  return lost || added ? `${lost} lost, ${added} new` : 'The two answers are the same, word for word.';
};

export const mount = (view) => {
  const {root} = view;
  const panels = Object.entries(SIDES).map(([side, {title, waiting}]) => {
    const body = make('p', {class: 'mw-answer', dir: 'auto'});
    return {side, waiting, body, node: make('section', {class: 'mw-card', 'aria-label': title, 'data-side': side},
      make('h2', {class: 'mw-heading'}, title), body)};
  });
  const counts = make('p', {class: 'mw-note'});
  const changed = [make('span', {}, make('del', {}, 'word'), ' lost'), make('span', {}, make('ins', {}, 'word'), ' new')];
  const keys = make('div', {class: 'mw-legend'}, ...changed, counts);
  root.append(make('div', {class: 'mw-panels'}, ...panels.map((panel) => panel.node)), keys);

  view.follow((value) => {
    for (const {side, waiting, body} of panels) {
      const answer = value[side];
      set(body, 'data-waiting', !answer || null);
      if (answer) body.replaceChildren(...piecesOf(answer));
      else say(body, value.waiting || waiting);
    }
    keys.hidden = !value.masked;
    for (const key of changed) key.hidden = value.shared !== undefined;
    say(counts, summary(value));
  });
};
