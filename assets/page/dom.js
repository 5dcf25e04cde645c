// Shared by every view and placed before its script. `element`, `props`, `watch` and `trigger` come from gr.HTML.
// Text reaches the page through text nodes alone.
const root = element.querySelector('.mw');
const SVG_TAGS = new Set(['svg', 'g', 'path', 'line', 'circle', 'text']);

const set = (node, name, value) => {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
};

const make = (tag, attributes = {}, ...children) => {
  const svg = SVG_TAGS.has(tag);
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children);
  return node;
};

const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };

const heading = () => make('h2', {class: 'mw-heading'}, props.label);

const fixed = (number, digits = 2) => {
  const text = number.toFixed(digits);
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '\u2212');
};

// Four decimals at most; smaller numbers keep three significant digits.
const exact = (number) => {
  const small = number !== 0 && Math.abs(number) < 0.001;
  return (small ? number.toExponential(2) : String(Number(number.toFixed(4)))).replaceAll('-', '\u2212');
};

// Draws now and at each new value, at most once a frame. Returns the function that asks for another drawing.
const follow = (draw) => {
  let queued = false;
  const ask = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => { queued = false; draw(props.value || {}); });
  };
  draw(props.value || {});
  watch('value', ask);
  return ask;
};

// A hidden live region that speaks at most once in `pause` milliseconds, and always speaks the last text.
const announcer = (pause) => {
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

// One tooltip a view, in the top layer so that nothing clips it. show(rect, lines) places it above rect.
const tooltip = () => {
  const box = make('div', {class: 'mw mw-tip', role: 'tooltip', popover: 'manual'});
  element.append(box);
  const hide = () => {
    if (box.matches(':popover-open')) box.hidePopover();
    removeEventListener('scroll', hide, true);
  };
  const show = (rect, lines) => {
    box.replaceChildren(...lines.map((line) => make('div', {dir: 'auto'}, line)));
    if (!box.matches(':popover-open')) box.showPopover();
    addEventListener('scroll', hide, {capture: true, passive: true});
    const {offsetWidth: width, offsetHeight: height} = box;
    const left = Math.min(Math.max(rect.left + rect.width / 2 - width / 2, 8), innerWidth - width - 8);
    const above = rect.top - height - 8;
    box.style.left = `${left}px`;
    box.style.top = `${above < 8 ? rect.bottom + 8 : above}px`;
  };
  element.addEventListener('keydown', (event) => { if (event.key === 'Escape') hide(); });
  return {show, hide};
};
