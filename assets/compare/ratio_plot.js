import {bandChart} from './band_chart.js';

export const mount = (view) => bandChart(view, {x: 'k', y: 'probability ratio', zero: true, dots: true, digits: 3,
  empty: 'Press Ratio for k = 1\u2026K to see how far each method gets with one word, two, and so on.'});
