// How the scores of a class spread: a column for each tenth of 0 to 100%.
import {make, say, set} from '../page/dom.js';

const students = (count) => `${count} student${count === 1 ? '' : 's'}`;

const column = (count, place, most, own) => {
  const from = place * 10, bar = make('span', {class: 'mw-column', 'aria-hidden': true});
  bar.style.setProperty('--share', count / most);
  const said = `${from} to ${from + 10}%: ${students(count)}${own ? ', you among them' : ''}`;
  return make('li', {'data-own': own || null}, make('span', {class: 'mw-hidden'}, said),
    make('span', {class: 'mw-column-count', 'aria-hidden': true}, count ? String(count) : ''), bar,
    make('span', {class: 'mw-column-name', 'aria-hidden': true}, String(from)));
};

export const mount = (view) => {
  const {root} = view, columns = make('ol', {class: 'mw-spread'}), note = make('p', {class: 'mw-note'});
  root.append(view.heading(), columns, note);
  root.classList.add('mw-card', 'mw-guess');

  view.follow(({bins = [], own = null, median, together}) => {
    const most = Math.max(1, ...bins), place = own === null ? -1 : Math.min(Math.floor(own * bins.length), bins.length - 1);
    set(root, 'hidden', !bins.length);
    columns.replaceChildren(...bins.map((count, i) => column(count, i, most, i === place)));
    say(note, `Score in percent: the share of what the best set does. Half of you have ${median} or more; the class together ${together}.`);
  });
};
