// A chart: its figure, a line that reads it step by step, its summary in words, and a table of its values.
import {announcer} from '../page/announcer.js';
import {make, say, set} from '../page/dom.js';
import {Figure} from '../page/plotly.js';

const PAUSE = 5000;  // milliseconds between two spoken summaries while a figure grows
const MOST_ROWS = 2000;  // of the table

const cells = (row, tag) => row.map((text, i) => make(i ? tag : 'th', i ? {} : {scope: tag === 'th' ? 'col' : 'row'}, String(text)));

export class Chart {
  constructor(view, name) {
    this.at = null;
    this.title = make('h3', {class: 'mw-chart-title'});
    this.plot = make('div', {class: 'mw-plot', role: 'group'});
    this.figure = new Figure(this.plot, name);
    this.reader = make('p', {class: 'mw-reader', role: 'slider', tabindex: 0, 'aria-label': `${view.props.label}: read the values`,
      'aria-valuemin': 1});
    this.said = make('p', {class: 'cap mw-note'});
    this.note = make('p', {class: 'mw-note'});
    this.rows = make('tbody');
    this.head = make('tr');
    const table = make('div', {class: 'mw-scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of values'},
      make('table', {class: 'mw-values'}, make('thead', {}, this.head), this.rows));
    this.fold = make('details', {class: 'mw-more'}, make('summary', {}, 'Values as a table'), table);
    this.speaker = announcer(PAUSE);
    this.node = make('section', {class: 'mw-chart', hidden: true}, this.title, this.plot, this.reader, this.said, this.note,
      this.fold, this.speaker);
    this.listen();
  }

  listen() {
    this.fold.addEventListener('toggle', () => this.fillTable());
    this.reader.addEventListener('keydown', (event) => this.move(event));
    this.reader.addEventListener('focus', () => this.read(this.at ?? this.last));
    this.reader.addEventListener('blur', () => this.figure.pointNowhere());
  }

  get last() { return this.chart.table.rows.length - 1; }

  // chart: see explainers/reports/figures/shared/style.py; none hides it.
  draw(chart) {
    this.chart = chart;
    this.node.hidden = !chart;
    if (!chart) return;
    for (const name of ['title', 'said', 'note']) {
      say(this[name], chart[name] || '');
      this[name].hidden = !chart[name];
    }
    set(this.plot, 'aria-label', chart.title || chart.said || 'Chart');
    const steps = chart.table.rows.length;
    this.fold.hidden = this.reader.hidden = !steps;
    if (steps) this.say(Math.min(this.at ?? this.last, this.last));
    this.speaker.announce(chart.said || '');
    this.fillTable();
    this.figure.draw(chart.figure);
  }

  fillTable() {
    if (!this.fold.open || !this.chart) return;
    const {head, rows} = this.chart.table;
    this.head.replaceChildren(...cells(head, 'th'));
    this.rows.replaceChildren(...rows.slice(-MOST_ROWS).map((row) => make('tr', {}, ...cells(row, 'td'))));
  }

  move(event) {
    const here = this.at ?? this.last;
    const goal = {ArrowRight: here + 1, ArrowUp: here + 1, ArrowLeft: here - 1, ArrowDown: here - 1,
      PageUp: here + 10, PageDown: here - 10, Home: 0, End: this.last}[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    this.read(Math.min(Math.max(goal, 0), this.last));
  }

  read(step) {
    this.at = step;
    this.say(step);
    this.figure.pointAt(step);
  }

  say(step) {
    const {head, rows} = this.chart.table;
    const named = rows[step].map((value, i) => (value === '' ? '' : `${head[i]} ${value}`.trim()));
    const text = named.filter(Boolean).join(', ');
    say(this.reader, text);
    for (const [name, number] of [['max', rows.length], ['now', step + 1]]) set(this.reader, `aria-value${name}`, number);
    set(this.reader, 'aria-valuetext', text);
  }
}
