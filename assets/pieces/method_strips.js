// A strip for each method: how each of them colours one text.
import {make, say} from '../page/dom.js';
import {scoreStrip} from './readable_strip.js';
import {bounds} from './spans.js';

const facts = (row) => make('dl', {class: 'mw-facts'}, ...row.facts.map(([name, text]) =>
  make('div', {}, make('dt', {}, name), make('dd', {}, text))));

const strip = ({text, spans}, row, tip) => {
  const letters = Array.from(text);
  const scored = spans.map(({start, end}, i) => ({text: letters.slice(start, end).join(''), start, end, score: row.scores[i]}));
  return scoreStrip({text, spans: scored, title: row.title, tip, neutral: row.neutral, limits: bounds(row, row.scores)});
};

const item = (value, row, tip) => make('li', {'data-method': row.method},
  make('div', {class: 'mw-method'}, make('h3', {}, row.title), ...(row.facts.length ? [facts(row)] : [])),
  row.error ? make('p', {class: 'mw-note'}, row.error) : strip(value, row, tip),
  ...(row.highest ? [make('p', {class: 'mw-hidden'}, row.highest)] : []));

export const mount = (view) => {
  const {root} = view;
  const list = make('ol', {class: 'mw-methods'}), about = make('p', {class: 'mw-note'});
  const empty = make('p', {class: 'mw-empty'}, 'Press All methods to see how each of them colours this text.');
  root.append(view.heading(), about, empty, list);
  root.classList.add('mw-card');

  const tip = view.tooltip();
  let drawn = '';

  view.follow((value) => {
    const rows = value.rows || [], shape = JSON.stringify([value.text, value.label]);
    if (shape !== drawn || list.childElementCount > rows.length) { list.replaceChildren(); drawn = shape; }
    list.append(...rows.slice(list.childElementCount).map((row) => item(value, row, tip)));
    say(about, value.about || '');
    about.hidden = !value.about;
    empty.hidden = rows.length > 0 || Boolean(value.about);
  });
};
