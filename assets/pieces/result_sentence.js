import {make, say} from '../page/dom.js';

const TAGS = {text: 'span', strong: 'strong'};

export const mount = (view) => {
  const {root, trigger} = view;
  const sentence = make('p', {class: 'mw-sentence', dir: 'auto'}), facts = make('dl', {class: 'mw-facts'});
  const goOn = make('button', {type: 'button', class: 'mw-tool', id: 'check-rest'});
  goOn.addEventListener('click', () => trigger('select', {index: 0, value: goOn.textContent}));
  root.append(sentence, facts);

  view.follow(({parts = [], facts: lines = [], go_on: goOnText = ''}) => {
    root.hidden = !parts.length;
    sentence.replaceChildren(...parts.map(([kind, text]) => make(TAGS[kind], {}, text)));
    facts.replaceChildren(...lines.map(([name, text]) => make('div', {}, make('dt', {}, name), make('dd', {}, text))));
    say(goOn, goOnText);
    if (goOnText) root.append(goOn);
    else goOn.remove();
  });
};
