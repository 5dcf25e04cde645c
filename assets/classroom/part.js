// A view inside another page than Gradio's, or inside another view: `show` fills it, `chose` hears of its choices.
import {make} from '../page/dom.js';
import {View} from '../page/view.js';

export const part = (mount, label, chose = () => {}) => {
  const element = make('div', {class: 'mw-part-of-room'}, make('div', {class: 'mw'}));
  const props = {label, value: {}}, acts = [];
  mount(new View(element, props, chose, (name, act) => acts.push(act)));
  const show = (value) => {
    props.value = value;
    acts.forEach((act) => act());
  };
  return {element, props, show};
};
