// Shared by the charts: places of tick marks, and nodes kept from drawing to drawing.
import {make} from '../page/dom.js';
export const ticks = (low, high, count) => {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const marks = [];
  for (let i = Math.floor(low / step); i <= Math.ceil(high / step); i++) marks.push(i * step);
  return {step, marks};
};

// Keeps `count` children in `parent` and returns them: nodes are reused from drawing to drawing.
export const pool = (parent, tag, count) => {
  while (parent.childElementCount > count) parent.lastChild.remove();
  while (parent.childElementCount < count) parent.append(make(tag));
  return [...parent.children];
};
