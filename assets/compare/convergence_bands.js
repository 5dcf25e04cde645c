import {bandChart} from './band_chart.js';

export const mount = (view) => bandChart(view, {x: 'iteration', y: 'log p of the answer (nats)', zero: false, dots: false, digits: 2,
  empty: 'Press Convergence to run XPrompt and its two ablations over several seeds.'});
