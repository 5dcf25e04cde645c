import {set, make, say} from '../page/dom.js';
import {fixed, exact} from '../page/numbers.js';
import {ticks, pool} from './chart.js';

const MARGIN = {left: 44, right: 12, top: 12, bottom: 38};
const CHARTS = [
  {name: 'activation', title: 'Activation', x: 'share of tokens added back', better: 'higher is better'},
  {name: 'pruning', title: 'Pruning', x: 'share of tokens removed', better: 'lower is better'},
];
const percent = (share) => `${Math.round(share * 100)} %`;

export const mount = (view) => {
  const {props, root} = view;
  const legend = make('div', {class: 'mw-legend', role: 'group', 'aria-label': 'Methods'});
  const empty = make('p', {class: 'mw-empty'});
  const panels = make('div', {class: 'mw-panels'}), tip = view.tooltip();
  root.append(view.heading(), empty, panels, legend);
  root.classList.add('mw-card');

  let chosen = null;  // the method whose line stands out
  const curves = () => props.value.curves || [];

  const chart = ({name, title, x: xName, better}) => {
    const svg = make('svg', {'aria-hidden': true}), grid = make('g', {class: 'mw-grid'});
    const xTicks = make('g'), yTicks = make('g'), lines = make('g'), cursor = make('g', {class: 'mw-cursor'}, make('line'));
    const xTitle = make('text', {'text-anchor': 'middle'}, xName);
    svg.append(grid, xTicks, yTicks, xTitle, lines, cursor);
    const box = make('div', {class: 'mw-chart', role: 'slider', tabindex: 0, 'aria-label': `${title}: read the steps`,
      'aria-valuemin': 0, 'aria-valuemax': 10}, svg);
    const note = make('p', {class: 'mw-note'});
    const node = make('section', {'aria-label': title, 'data-chart': name}, make('h3', {class: 'mw-chart-title'}, `${title} (${better})`), note, box);
    let frame = null, at = null;

    const layout = () => {
      const width = Math.max(box.clientWidth, 200), height = 190;
      const top = name === 'activation' ? 1 : Math.max(0.01, ...curves().flatMap((c) => c[name].values));
      const scale = ticks(0, top, 4), right = width - MARGIN.right, bottom = height - MARGIN.bottom;
      const last = scale.marks.at(-1);
      return {width, height, right, bottom, scale, digits: Math.max(0, -Math.floor(Math.log10(scale.step))),
        x: (share) => MARGIN.left + share * (right - MARGIN.left),
        y: (number) => bottom - (number / last) * (bottom - MARGIN.top)};
    };

    const axes = () => {
      const {width, height, right, bottom, scale, digits, x, y} = frame;
      set(svg, 'viewBox', `0 0 ${width} ${height}`);
      set(svg, 'height', height);
      const labels = pool(yTicks, 'text', scale.marks.length);
      pool(grid, 'line', scale.marks.length).forEach((line, i) => {
        for (const [key, number] of [['x1', MARGIN.left], ['x2', right], ['y1', y(scale.marks[i])], ['y2', y(scale.marks[i])]]) set(line, key, number);
        for (const [key, text] of [['x', MARGIN.left - 7], ['y', y(scale.marks[i]) + 4], ['text-anchor', 'end']]) set(labels[i], key, text);
        say(labels[i], fixed(scale.marks[i], digits));
      });
      pool(xTicks, 'text', 3).forEach((label, i) => {
        for (const [key, text] of [['x', x(i / 2)], ['y', bottom + 16], ['text-anchor', ['start', 'middle', 'end'][i]]]) set(label, key, text);
        say(label, percent(i / 2));
      });
      set(xTitle, 'x', (MARGIN.left + right) / 2);
      set(xTitle, 'y', height - 5);
    };

    const readout = () => {
      const step = at ?? 0, value = (curve) => curve[name].values[step];
      const shown = [...curves()].sort((a, b) => (value(b) - value(a)) || 0);
      const first = `${percent(curves()[0][name].fractions[step])} ${name === 'activation' ? 'added' : 'removed'}`;
      const texts = [first, ...shown.map((curve) => `${curve.title}: ${exact(value(curve))}`)];
      set(box, 'aria-valuenow', step);
      set(box, 'aria-valuetext', texts.join(', '));
      set(cursor, 'display', at === null ? 'none' : null);
      if (at === null) return tip.hide();
      const x = frame.x(curves()[0][name].fractions[step]), line = cursor.firstChild;
      for (const [key, number] of [['x1', x], ['x2', x], ['y1', MARGIN.top], ['y2', frame.bottom]]) set(line, key, number);
      const place = svg.getBoundingClientRect();
      tip.show(new DOMRect(place.left + x - 4, place.top + MARGIN.top, 8, frame.bottom - MARGIN.top), texts);
    };

    const draw = () => {
      if (!box.clientWidth) return;
      frame = layout();
      axes();
      pool(lines, 'path', curves().length).forEach((path, i) => {
        const {method, [name]: {fractions, values}} = curves()[i];
        set(path, 'd', values.map((number, n) => `${n ? 'L' : 'M'}${frame.x(fractions[n]).toFixed(1)} ${frame.y(number).toFixed(1)}`).join(''));
        set(path, 'class', `mw-curve mw-curve-${i % 16}`);
        set(path, 'data-faded', (chosen !== null && chosen !== method) || null);
      });
      say(note, (props.value.notes || {})[name] || '');
      readout();
    };

    const move = (step) => { if (curves().length) { at = step === null ? null : Math.min(Math.max(step, 0), 10); readout(); } };
    const point = (event) => {
      const inside = event.clientX - svg.getBoundingClientRect().left - MARGIN.left;
      move(Math.round((inside / (frame.right - MARGIN.left)) * 10));
    };
    for (const type of ['pointermove', 'pointerdown']) box.addEventListener(type, point);
    for (const type of ['pointerleave', 'blur']) box.addEventListener(type, () => move(null));
    box.addEventListener('focus', () => { if (box.matches(':focus-visible')) move(at ?? 0); });
    box.addEventListener('keydown', (event) => {
      const here = at ?? 0;
      const goal = {ArrowRight: here + 1, ArrowUp: here + 1, ArrowLeft: here - 1, ArrowDown: here - 1, Home: 0, End: 10}[event.key];
      if (goal === undefined) return;
      event.preventDefault();
      move(goal);
    });
    return {node, draw};
  };

  const charts = CHARTS.map(chart);
  panels.append(...charts.map(({node}) => node));

  const entry = (curve, i) => {
    const sample = make('svg', {viewBox: '0 0 24 8', width: 24, height: 8, 'aria-hidden': true},
      make('path', {d: 'M0 4H24', class: `mw-curve mw-curve-${i % 16}`}));
    const scores = make('span', {class: 'mw-note'}, ` ${fixed(curve.activation.score)} / ${fixed(curve.pruning.score, 3)}`);
    return make('button', {type: 'button', 'data-method': curve.method, 'aria-pressed': String(chosen === curve.method),
      title: 'activation / pruning; press to make it stand out'}, sample, curve.title, scores);
  };

  const draw = (value) => {
    const ready = curves().length > 0;
    panels.hidden = legend.hidden = !ready;
    empty.hidden = ready;
    say(empty, value.empty || 'The curves appear here: how the class\'s probability follows the scores.');
    if (!ready) return tip.hide();
    if (!curves().some(({method}) => method === chosen)) chosen = null;
    charts.forEach((each) => each.draw());
    legend.replaceChildren(...curves().map(entry));
  };

  const ask = view.follow(draw);
  legend.addEventListener('click', (event) => {
    const method = event.target.closest('button')?.dataset.method;
    if (!method) return;
    chosen = chosen === method ? null : method;
    charts.forEach((each) => each.draw());
    for (const button of legend.children) set(button, 'aria-pressed', String(button.dataset.method === chosen));
  });
  new ResizeObserver(ask).observe(root);
};
