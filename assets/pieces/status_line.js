import {set, make, say} from '../page/dom.js';
import {keepAddress} from '../page/address.js';
import {announcer} from '../page/announcer.js';
import {CHANGED, isLost} from '../page/connection.js';

const ICONS = {idle: '', queued: '\u2026', running: '', done: '\u2713', stopped: '\u25a0', error: '\u26a0'};

const UNREACHABLE = {state: 'error', text: 'The server cannot be reached. What you typed and chose is kept; the page goes on by itself once the '
  + 'server answers.'};

const duration = (seconds) => {
  const whole = Math.max(1, Math.ceil(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};

// A reload finds the run by its name.
const rememberRun = (run) => {
  const address = new URL(location.href);
  if (address.searchParams.get('run') === run) return;
  address.searchParams.set('run', run);
  keepAddress(address);
};

export const mount = (view) => {
  const {root} = view;
  const icon = make('span', {class: 'mw-icon', 'aria-hidden': true}), words = make('span', {class: 'mw-words', dir: 'auto'});
  const left = make('span', {class: 'mw-left'});
  const line = make('p', {class: 'mw-status'}, icon, words, left);
  const fill = make('div'), bar = make('div', {class: 'mw-progress', role: 'progressbar', 'aria-label': 'progress'}, fill);
  const speaker = announcer(5000);
  const details = make('p', {class: 'mw-note', dir: 'auto'});
  const more = make('details', {class: 'mw-more'}, make('summary', {}, 'How it was computed'), details);
  root.append(line, bar, more, speaker);

  const ask = view.follow((value) => {
    const {state = 'idle', text = '', fraction = null, eta = null, details: rest = '', run = ''} = isLost() ? UNREACHABLE : value;
    const busy = state === 'running' || state === 'queued', failed = state === 'error';
    set(root, 'data-state', state);
    set(root, 'data-lost', isLost() || null);
    if (run) rememberRun(run);
    set(line, 'role', failed ? 'alert' : null);
    say(icon, ICONS[state] ?? '');
    say(words, text);
    say(left, busy && eta !== null ? `about ${duration(eta)} left` : '');
    bar.hidden = !busy;
    set(bar, 'aria-valuenow', fraction === null ? null : Math.round(fraction * 100));
    set(bar, 'data-unknown', fraction === null || null);
    fill.style.width = fraction === null ? '' : `${Math.min(Math.max(fraction, 0), 1) * 100}%`;
    more.hidden = !rest;
    say(details, rest);
    speaker.announce(failed ? '' : text, !busy);
  });
  view.listen(window, CHANGED, ask);
};
