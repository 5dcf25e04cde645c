// What every view is given: the node and the value that gr.HTML keeps for it.
import {make} from './dom.js';
import {tooltip} from './tooltip.js';

export class View {
  // trigger(event, data) reaches the Python side; watch(name, act) calls act when the Python side sets a prop.
  constructor(element, props, trigger, watch) {
    Object.assign(this, {element, props, trigger, watch});
    this.root = element.querySelector('.mw');
  }

  heading() { return make('h2', {class: 'mw-heading'}, this.props.label); }

  tooltip() { return tooltip(this.element); }

  // Listens to a node outside the view for as long as the view is on the page.
  listen(target, type, act) {
    const heard = (event) => {
      if (this.element.isConnected) act(event);
      else target.removeEventListener(type, heard);
    };
    target.addEventListener(type, heard);
  }

  // Draws now and at each new value, at most once a frame. Returns the function that asks for another drawing.
  follow(draw) {
    let queued = false;
    const drawNow = () => { queued = false; draw(this.props.value || {}); };
    const ask = () => {
      if (!queued) requestAnimationFrame(drawNow);
      queued = true;
    };
    drawNow();
    this.watch('value', ask);
    return ask;
  }
}

// A long first value is a file of its own, {stored: its name}, so that the page's config stays small.
const fetchStored = async ({props}) => {
  const name = props.value?.stored;
  if (!name) return;
  const answer = await fetch(new URL(`../values/${name}.json`, import.meta.url)), value = await answer.json();
  if (props.value.stored === name) props.value = value;
};

// Loads the module of assets/{name}.js, once for all its views, and hands it this one.
export const mountView = async (name, ...given) => {
  const view = new View(...given);
  try {
    const [module] = await Promise.all([import(`../${name}.js`), fetchStored(view)]);
    module.mount(view);
  } catch (error) {
    view.root.textContent = 'This part of the page did not load. Reload the page to try again.';
    throw error;
  }
};
