import {make, say} from './dom.js';

// A hidden live region that speaks at most once in `pause` milliseconds, and always speaks the last text.
export const announcer = (pause) => {
  const node = make('p', {class: 'mw-hidden', role: 'status'});
  let last = -Infinity, timer = 0;
  node.announce = (text, now = false) => {
    clearTimeout(timer);
    const speak = () => { last = performance.now(); say(node, text); };
    const wait = last + pause - performance.now();
    if (now || wait <= 0) speak();
    else timer = setTimeout(speak, wait);
  };
  return node;
};
