// Nodes of the page. Text reaches it through text nodes alone.
const SVG_TAGS = new Set(['svg', 'g', 'path', 'line', 'circle', 'text']);

export const set = (node, name, value) => {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
};

export const make = (tag, attributes = {}, ...children) => {
  const svg = SVG_TAGS.has(tag);
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children);
  return node;
};

export const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };
