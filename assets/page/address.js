// The page's own address, as a reload will find it. On a Space a page of the Hub stands around this one, and its address holds the same.
const HUB = 'https://huggingface.co';

export const keepAddress = (url) => {
  history.replaceState(history.state, '', url);
  if (parent === window || !document.referrer.startsWith(`${HUB}/`)) return;
  const own = [...url.searchParams].filter(([name]) => !name.startsWith('__'));  // the others are the Hub's and Gradio's
  parent.postMessage({queryString: new URLSearchParams(own).toString()}, HUB);
};

// What was typed is there again after a reload: Gradio reloads the page by itself once a connection that was lost is back, as after a
// restart of the server. Kept by the browser for this tab of it alone.
const KEPT = 'maskwise-typed';
const typed = new Set();
let missing = new Map();  // texts by the ids of their fields, which are not on the page yet

const fieldOf = (id) => document.querySelector(`#${CSS.escape(id)} textarea`);

const keep = () => {
  const texts = [...typed].map((id) => [id, fieldOf(id)?.value]).filter(([, text]) => text !== undefined);
  try { sessionStorage.setItem(KEPT, JSON.stringify({address: location.href, texts: [...missing, ...texts]})); } catch { /* then it is not kept */ }
};

const fill = () => {
  if (!document.querySelector('#run:enabled')) return;  // until the server has filled in a run or a link
  for (const [id, text] of missing) {
    const field = fieldOf(id);
    if (!field) continue;
    missing.delete(id);
    typed.add(id);
    if (field.value === text) continue;
    field.value = text;
    field.dispatchEvent(new Event('input', {bubbles: true}));
  }
  if (!missing.size) watcher.disconnect();
};
const watcher = new MutationObserver(fill);

const restore = () => {
  if (performance.getEntriesByType('navigation')[0]?.type === 'navigate') return;
  const {address, texts} = JSON.parse(sessionStorage.getItem(KEPT)) || {};
  if (address !== location.href || !texts.length) return;
  missing = new Map(texts);
  watcher.observe(document.body, {childList: true, subtree: true, attributeFilter: ['disabled']});
  fill();
};

addEventListener('input', ({target}) => {
  const id = target.localName === 'textarea' && target.closest('[id]')?.id;
  if (id) typed.add(id);
});
addEventListener('pagehide', keep);
try { restore(); } catch { /* the browser keeps nothing */ }
