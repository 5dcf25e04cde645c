// One chart or several side by side, sentences above them; a sentence where there is none yet.
import {make, say} from '../page/dom.js';
import {Chart} from './chart.js';

export const mount = (view) => {
  const empty = make('p', {class: 'mw-empty'}), said = make('div', {class: 'mw-said', dir: 'auto'});
  const panels = make('div', {class: 'mw-panels'}), charts = [];
  view.root.append(view.heading(), empty, said, panels);
  view.root.classList.add('mw-card');
  view.follow(({charts: given = [], empty: why = '', sentences = []}) => {
    while (charts.length < given.length) {
      charts.push(new Chart(view, `${view.props.label} ${charts.length + 1}`));
      panels.append(charts.at(-1).node);
    }
    said.replaceChildren(...sentences.map((text) => make('p', {}, text)));
    charts.forEach((chart, i) => chart.draw(given[i]));
    empty.hidden = given.length > 0;
    say(empty, why);
  });
};
