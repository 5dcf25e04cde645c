import {set, make, say} from '../page/dom.js';
import {button, mountShareLink} from './share_link.js';

const MOST_BYTES = 2e6;

const select = (node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
};

export const mount = (view) => {
  const {root} = view;
  const {row, said, ask, copy, answers, clear, answer} = mountShareLink(view);
  const saves = Object.entries({json: 'complete, can be loaded again', csv: 'a table of the scores', html: 'a page that opens anywhere'})
    .map(([kind, what]) => [kind, button(kind.toUpperCase(), `${kind.toUpperCase()}: download this result, ${what}`)]);
  const load = button('Load', 'Load a saved result'), showCode = button('Show code', 'Show code that computes this result');
  set(showCode, 'aria-expanded', 'false');
  const picker = make('input', {type: 'file', accept: '.json,application/json', hidden: true, tabindex: -1,
    'aria-label': 'Result to load'});
  row.append(...saves.map(([, each]) => each), load, showCode, picker);
  const lines = make('code'), copyCode = button('Copy code', 'Copy code');
  const code = make('div', {class: 'mw-share-code', hidden: true},
    make('pre', {tabindex: 0, role: 'region', 'aria-label': 'Python code', dir: 'ltr'}, lines), copyCode);
  root.append(code);
  const closeCode = () => { code.hidden = true; set(showCode, 'aria-expanded', 'false'); };

  Object.assign(answers, {
    file: ({name, type, text}) => {
      const link = make('a', {href: URL.createObjectURL(new Blob([text], {type: `${type};charset=utf-8`})), download: name});
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      say(said, `Saved as ${name}.`);
    },
    code: (text) => { say(lines, text); code.hidden = false; set(showCode, 'aria-expanded', 'true'); },
    said: (text) => say(said, text),
  });

  view.follow((value) => {
    if (value.n !== undefined) return answer(value);
    clear();
    closeCode();
  });

  for (const [kind, each] of saves) each.addEventListener('click', () => ask('download', {kind}));
  showCode.addEventListener('click', () => { if (code.hidden) ask('select'); else closeCode(); });
  copyCode.addEventListener('click', () => copy(lines.textContent, 'Code copied.', () => select(lines)));
  load.addEventListener('click', () => picker.click());
  picker.addEventListener('change', async () => {
    const [file] = picker.files;
    picker.value = '';
    if (!file) return;
    if (file.size > MOST_BYTES) return say(said, 'The file is larger than 2 MB. No result of Maskwise is.');
    ask('upload', {text: await file.text()});
  });
};
