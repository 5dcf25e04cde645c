import {make} from '../page/dom.js';

const TAGS = {text: 'span', strong: 'strong'};

export const mount = (view) => {
  const {root} = view;
  const sentence = make('p', {class: 'mw-sentence', dir: 'auto'}), facts = make('dl', {class: 'mw-facts'});
  root.append(sentence, facts);

  view.follow(({parts = [], facts: lines = []}) => {
    root.hidden = !parts.length;
    sentence.replaceChildren(...parts.map(([kind, text]) => make(TAGS[kind], {}, text)));
    facts.replaceChildren(...lines.map(([name, text]) => make('div', {}, make('dt', {}, name), make('dd', {}, text))));
  });
};
