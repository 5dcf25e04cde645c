import {set, say} from '../page/dom.js';
import {mountShareLink} from './share_link.js';

export const mount = (view) => {
  const {props} = view;
  const {copyLink, row, clear, answer} = mountShareLink(view);
  say(copyLink, props.label);
  for (const name of ['aria-label', 'title']) set(copyLink, name, null);
  for (const name of ['role', 'aria-label']) set(row, name, null);  // of one button
  view.follow((value) => (value.n === undefined ? clear() : answer(value)));
};
