// What was typed and chosen is there again after a reload: Gradio reloads the page by itself once a connection that was lost is back, as
// after a restart of the server. Kept by the browser for this tab of it alone; components/sharing/kept.py reads the settings.
const KEPT = 'maskwise-kept';

const find = () => {
  const opened = performance.getEntriesByType('navigation')[0]?.type;
  const found = opened === 'navigate' && !document.wasDiscarded ? null : JSON.parse(sessionStorage.getItem(KEPT));
  return found?.address === location.href ? found : {};
};
let before = {};
try { before = find(); } catch { /* the browser keeps nothing */ }

// For the server, as the page opens: the tab that was open and, by the names of tabs, a mark of their controls and the values.
export const kept = () => ({tab: before.tab ?? '', settings: before.settings ?? {}});

const isReady = () => document.querySelector('#run:enabled');  // the server has filled in what the page opens with
const fieldOf = (id) => document.querySelector(`#${CSS.escape(id)} textarea`);
const openTabs = () => [...document.querySelectorAll('[role=tab][aria-selected=true]')].map((tab) => tab.dataset.tabId);

const settings = {...before.settings}, typed = new Set();
// What is not on the page yet: texts by the ids of their fields, and tabs within the tab that was open.
const missing = new Map(before.texts), inner = new Set(before.inner);

const keep = () => {
  const texts = [...typed].map((id) => [id, fieldOf(id)?.value]).filter(([, text]) => text !== undefined);
  const [tab, ...within] = openTabs();
  const all = {address: location.href, tab, inner: [...inner, ...within], settings, texts: [...missing, ...texts]};
  try { sessionStorage.setItem(KEPT, JSON.stringify(all)); } catch { /* then it is not kept */ }
};

const fill = () => {
  if (!isReady()) return;
  for (const [id, text] of missing) {
    const field = fieldOf(id);
    if (!field) continue;
    missing.delete(id);
    typed.add(id);
    if (field.value === text) continue;
    field.value = text;
    field.dispatchEvent(new Event('input', {bubbles: true}));
  }
  for (const name of inner) {
    const tab = document.querySelector(`[role=tab][data-tab-id="${CSS.escape(name)}"]`);
    if (!tab) continue;
    inner.delete(name);
    tab.click();
  }
  if (!missing.size && !inner.size) watcher.disconnect();
};
const watcher = new MutationObserver(fill);
if (missing.size || inner.size) {
  watcher.observe(document.body, {childList: true, subtree: true, attributeFilter: ['disabled']});
  fill();
}

addEventListener('input', ({target}) => {
  const id = target.localName === 'textarea' && target.closest('[id]')?.id;
  if (id) typed.add(id);
});
addEventListener('mw-settings', ({detail: [tab, ...values]}) => { if (isReady()) settings[tab] = values; });
addEventListener('pagehide', keep);
document.addEventListener('visibilitychange', () => { if (document.hidden) keep(); });  // a phone may end the page without a word
