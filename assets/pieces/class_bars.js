import {set, make, say} from '../page/dom.js';

const bar = (index) => {
  const button = make('button', {type: 'button', class: 'mw-bar', 'data-index': index},
    make('span', {class: 'mw-class', dir: 'auto'}), make('span', {class: 'mw-track', 'aria-hidden': true}, make('span')),
    make('span', {class: 'mw-number'}), make('span', {class: 'mw-hidden'}), make('span', {class: 'mw-words-of-class', dir: 'auto'}));
  return button;
};

export const mount = (view) => {
  const {props, trigger, root} = view;
  const rows = make('div', {class: 'mw-bars', role: 'group', 'aria-label': props.label});
  const empty = make('p', {class: 'mw-empty'}, 'The probability of each class appears here.');
  const hint = make('p', {class: 'mw-note'}, 'Choose a class to see which tokens speak for it.');
  root.append(view.heading(), empty, rows, hint);
  root.classList.add('mw-card');

  view.follow(({labels = [], label, predicted}) => {
    while (rows.childElementCount > labels.length) rows.lastChild.remove();
    while (rows.childElementCount < labels.length) rows.append(bar(rows.childElementCount));
    labels.forEach((row, index) => {
      const button = rows.children[index], [name, track, number, said, words] = button.children;
      say(name, row.label);
      say(number, row.text);
      say(said, row.label === predicted ? 'predicted, label words' : 'label words');
    say(words, row.words);
      track.firstChild.style.width = `${row.probability * 100}%`;
      set(button, 'aria-pressed', String(row.label === label));
      set(button, 'data-predicted', row.label === predicted || null);
      });
    empty.hidden = labels.length > 0;
    hint.hidden = rows.hidden = !labels.length;
  });

  rows.addEventListener('click', (event) => {
    const index = Number(event.target.closest('[data-index]')?.dataset.index ?? -1);
    if (index >= 0) trigger('select', {index, value: props.value.labels[index].label});
  });
};
