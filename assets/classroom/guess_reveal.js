import {set, make, say} from '../page/dom.js';
import {piecesOf} from '../pieces/answer.js';

const percent = (share) => `${Math.min(Math.max(share, 0), 1) * 100}%`;

const bar = ({bar: length, range}) => {
  const track = make('div', {class: 'mw-track', 'aria-hidden': true}, make('span'));
  track.firstChild.style.width = percent(length);
  if (range) {
    const reach = make('i', {class: 'mw-reach'});
    reach.style.left = percent(range[0]);
    reach.style.width = percent(range[1] - range[0]);
    track.append(reach);
  }
  return track;
};

const answerOf = (answer) => answer ? piecesOf(answer) : ['The answer without these is being written.'];

const row = (removed) => make('li', {'data-who': removed.who},
  make('div', {class: 'mw-set'}, make('h3', {}, removed.name), ...removed.words.map((word) => make('strong', {dir: 'auto'}, word))),
  bar(removed), make('p', {class: 'mw-numbers'}, removed.numbers),
  make('p', {class: 'mw-note', dir: 'auto'}, removed.note),
  make('p', {class: 'mw-answer', dir: 'auto', 'data-waiting': !removed.answer || null}, ...answerOf(removed.answer)));

// What the colours in the answers mean.
const LEGENDS = {
  shared: 'Coloured: words that the model\u2019s own answer has as well.',
  new: 'Underlined: words that the model\u2019s own answer does not have.',
};

const legendOf = (rows) => {
  const kinds = new Set(rows.flatMap(({answer}) => (answer || []).map(([kind]) => kind)));
  return Object.keys(LEGENDS).filter((kind) => kinds.has(kind)).map((kind) => LEGENDS[kind]).join(' ');
};

export const mount = (view) => {
  const {props, root} = view;
  const title = make('h2', {class: 'mw-heading'}), answer = make('p', {class: 'mw-answer', dir: 'auto'});
  const answerCard = make('section', {class: 'mw-card'}, title, answer);
  const score = make('p', {class: 'mw-score'}), sentence = make('p', {class: 'mw-sentence', role: 'status'});
  const notice = make('p', {class: 'mw-notice', dir: 'auto'}), list = make('ol', {class: 'mw-sets'});
  const legend = make('p', {class: 'mw-note'});
  const result = make('section', {class: 'mw-card', 'aria-label': props.label}, view.heading(),
    make('div', {class: 'mw-guess-verdict'}, score, sentence), list, legend, notice);
  root.classList.add('mw-guess');
  root.append(answerCard, result);

  view.follow((value) => {
    const rows = value.rows || [];
    root.hidden = !value.answer_title;
    result.hidden = !rows.length;
    say(title, value.answer_title || '');
    set(answer, 'data-waiting', !value.answer || null);
    say(answer, value.answer || value.waiting || '');
    say(score, value.score || '');
    say(sentence, value.sentence || '');
    say(notice, value.notice ? `Notice: ${value.notice}` : '');
    set(list, 'data-count', rows.length);
    list.replaceChildren(...rows.map(row));
    say(legend, legendOf(rows));
  });
};
