const MOST_BYTES = 2e6;
const NO_RESULT = 'There is no result to keep yet. Press Run first.';
const button = (text, name) => make('button', {type: 'button', class: 'mw-share-button', 'aria-label': name, title: name}, text);
const copyLink = button('Copy link', 'Copy link to these settings');
const saves = Object.entries({json: 'complete, can be loaded again', csv: 'a table of the scores', html: 'a page that opens anywhere'})
  .map(([kind, what]) => [kind, button(kind.toUpperCase(), `${kind.toUpperCase()}: download this result, ${what}`)]);
const load = button('Load', 'Load a saved result'), showCode = button('Show code', 'Show code that computes this result');
set(showCode, 'aria-expanded', 'false');
const picker = make('input', {type: 'file', accept: '.json,application/json', hidden: true, tabindex: -1, 'aria-label': 'Result to load'});
const row = make('div', {class: 'mw-share', role: 'group', 'aria-label': props.label},
  copyLink, ...saves.map(([, each]) => each), load, showCode, picker);
const said = make('p', {class: 'mw-note', role: 'status', dir: 'auto'});
const address = make('input', {class: 'mw-share-link', readonly: true, 'aria-label': 'Link', hidden: true});
const lines = make('code'), copyCode = button('Copy code', 'Copy code');
const code = make('div', {class: 'mw-share-code', hidden: true},
  make('pre', {tabindex: 0, role: 'region', 'aria-label': 'Python code', dir: 'ltr'}, lines), copyCode);
root.append(row, said, address, code);

let asked = 0, answered = 0;
const ask = (event, data = {}) => trigger(event, {n: ++asked, ...data});
const waiting = () => props.value?.waiting;

const select = (node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
};
// Copies where the browser allows it; elsewhere `fallback` shows the text selected.
const copy = async (text, done, fallback) => {
  try { await navigator.clipboard.writeText(text); say(said, done); }
  catch { fallback(); say(said, 'Press Ctrl + C to copy what is selected.'); }
};
const closeCode = () => { code.hidden = true; set(showCode, 'aria-expanded', 'false'); };

const answers = {
  query: (query) => {
    const kept = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith('__'));
    const url = new URL(location.href);
    url.search = [query, new URLSearchParams(kept).toString()].filter(Boolean).join('&');
    history.replaceState(history.state, '', url);
    address.value = url.href;
    copy(url.href, 'Link copied. It holds the settings above; whoever opens it presses Run.',
      () => { address.hidden = false; address.select(); });
  },
  file: ({name, type, text}) => {
    const link = make('a', {href: URL.createObjectURL(new Blob([text], {type: `${type};charset=utf-8`})), download: name});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say(said, `Saved as ${name}.`);
  },
  code: (text) => { say(lines, text); code.hidden = false; set(showCode, 'aria-expanded', 'true'); },
  said: (text) => say(said, text),
  error: (text) => say(said, text),
};

follow((value) => {
  if (value.n === undefined) { say(said, ''); address.hidden = true; closeCode(); return; }
  if (value.n !== asked || value.n === answered) return;  // a later button was pressed, or drawn already
  answered = value.n;
  for (const [kind, answer] of Object.entries(answers)) if (kind in value) answer(value[kind]);
});

const needsResult = (act) => () => { if (waiting()) say(said, NO_RESULT); else act(); };
copyLink.addEventListener('click', () => { address.hidden = true; ask('copy'); });
for (const [kind, each] of saves) each.addEventListener('click', needsResult(() => ask('download', {kind})));
showCode.addEventListener('click', needsResult(() => { if (code.hidden) ask('select'); else closeCode(); }));
copyCode.addEventListener('click', () => copy(lines.textContent, 'Code copied.', () => select(lines)));
load.addEventListener('click', () => picker.click());
picker.addEventListener('change', async () => {
  const [file] = picker.files;
  picker.value = '';
  if (!file) return;
  if (file.size > MOST_BYTES) return say(said, 'The file is larger than 2 MB. No result of Maskwise is.');
  ask('upload', {text: await file.text()});
});
