// Shared by the views that keep and share: a row of buttons, the first of which copies a link, and what is said of it.
import {keepAddress} from '../page/address.js';
import {make, say} from '../page/dom.js';

export const button = (text, name) => make('button', {type: 'button', class: 'mw-share-button', 'aria-label': name, title: name}, text);

export const mountShareLink = ({root, props, trigger}) => {
  const copyLink = button('Copy link', 'Copy link to these settings');
  const row = make('div', {class: 'mw-share', role: 'group', 'aria-label': props.label}, copyLink);
  const said = make('p', {class: 'mw-note', role: 'status', dir: 'auto'});
  const address = make('input', {class: 'mw-share-link', readonly: true, 'aria-label': 'Link', hidden: true});
  root.append(row, said, address);

  // Each event carries a number, and the value that answers it has the same.
  let asked = 0, answered = 0;
  const ask = (event, data = {}) => trigger(event, {n: ++asked, ...data});

  // Copies where the browser allows it; elsewhere `fallback` shows the text selected.
  const copy = async (text, done, fallback) => {
    try { await navigator.clipboard.writeText(text); say(said, done); }
    catch { fallback(); say(said, 'Press Ctrl + C to copy what is selected.'); }
  };

  const answers = {
    query: (query) => {
      const url = new URL(location.href), theme = url.searchParams.get('__theme');
      url.search = [query, theme && new URLSearchParams({__theme: theme}).toString()].filter(Boolean).join('&');
      keepAddress(url);
      address.value = url.href;
      copy(url.href, 'Link copied. It holds the settings, not the result: whoever opens it computes that anew.',
        () => { address.hidden = false; address.select(); });
    },
    error: (text) => say(said, text),
  };

  const clear = () => { say(said, ''); address.hidden = true; };
  const answer = (value) => {
    if (value.n !== asked || value.n === answered) return;  // a later button was pressed, or drawn already
    answered = value.n;
    for (const [kind, act] of Object.entries(answers)) if (kind in value) act(value[kind]);
  };

  copyLink.addEventListener('click', () => { address.hidden = true; ask('copy'); });
  return {copyLink, row, said, ask, copy, answers, clear, answer};
};
