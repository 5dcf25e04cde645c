// A room on the projector: how to join, who has answered, and what the class sees once it is revealed.
import {announcer} from '../page/announcer.js';
import {isLost} from '../page/connection.js';
import {make, say, set} from '../page/dom.js';
import {mount as mountStatus} from '../pieces/status_line.js';
import {ClassResult} from './class_result.js';
import {part} from './part.js';
import {post, RoomClient, store} from './room_client.js';

const KEPT = 'maskwise-room-teacher';
const HERE_ALONE = /^(localhost|127\.|\[::1\])/;
const LOST = 'The connection is lost. This page tries again by itself.';
const FULL = 'The room is full. Press \u201cNew code\u201d if strangers fill it: all who have sent no marks then lose their places, and your class joins with the new code. If it stays full, press \u201cEmpty the room\u201d.';
const SURE_EMPTY = 'Really? All join again, and points are lost', SURE_END = 'Really? All leave, and points are lost';
const UNSURE_AFTER = 6000;  // milliseconds
const HINT = 'This page is at an address of this computer alone, which phones cannot open. Start Maskwise with HOST=0.0.0.0, and open this page by the computer\u2019s address in the network.';

// Whether a button is pressed for the second time; at the first it asks, for some seconds.
function sure(button, question) {
  const asked = button.textContent === question;
  if (!asked) {
    button.dataset.words = button.textContent;
    setTimeout(() => say(button, button.dataset.words), UNSURE_AFTER);
  }
  say(button, asked ? button.dataset.words : question);
  return asked;
}

class RoomOnProjector {
  constructor(view) {
    this.view = view;
    this.section = view.element.closest('.mw-room-section');
    this.leaderboard = true;  // as the page is laid out
    this.qr = make('img', {class: 'mw-room-qr', alt: ''});
    this.code = make('strong', {class: 'mw-room-code'});
    this.link = make('a', {class: 'mw-room-link', target: '_blank'});
    this.joined = make('strong');
    this.answered = make('strong');
    this.bar = make('div', {class: 'mw-progress', 'aria-hidden': true}, make('div'));
    this.counts = make('div', {class: 'mw-room-counts'}, make('p', {}, this.joined), make('p', {}, this.answered), this.bar);
    this.renew = make('button', {type: 'button', class: 'mw-tool', title: 'Whoever has sent no marks must join again'}, 'New code');
    this.renew.addEventListener('click', () => this.ask('code'));
    this.empty = make('button', {type: 'button', class: 'mw-tool', title: 'Everybody must join again, with a new code'}, 'Empty the room');
    this.empty.addEventListener('click', () => { if (sure(this.empty, SURE_EMPTY)) this.ask('empty'); });
    this.section.addEventListener('click', (event) => {
      const end = event.target.closest('#room-end');
      if (end && !sure(end, SURE_END)) event.stopPropagation();
    }, {capture: true});
    const hint = HERE_ALONE.test(location.hostname) ? make('p', {class: 'mw-notice'}, HINT) : '';
    this.head = make('section', {class: 'mw-card mw-room-head', 'aria-label': 'How to join'}, this.qr,
      make('div', {class: 'mw-room-way'}, make('p', {class: 'mw-room-label'}, 'Code'), this.code, make('p', {}, this.link), this.renew, this.empty, hint), this.counts);
    this.full = make('p', {class: 'mw-room-trouble', role: 'status'});
    this.trouble = make('p', {class: 'mw-room-trouble', role: 'status'});
    this.status = part(mountStatus, 'The model');
    this.result = new ClassResult();
    this.speaker = announcer(3000);
    this.said = make('p', {class: 'mw-empty'});
    this.join = make('p', {}, make('a', {href: 'room', target: '_blank', class: 'mw-room-join'}, 'Join a room as a student'));
    view.root.append(this.said, this.join, this.trouble, this.full, this.head, this.status.element, this.result.node, this.speaker);
    this.close('Open a room: your class joins by code or QR code on phones, marks words, and sees the reveal together. The model runs once for all.');
    this.open(store.get(KEPT));  // of a room opened before a reload
    view.follow(({key}) => this.open(key));
  }

  // What the events of the section read: where students go, and the key of the room.
  tell(key) {
    const {origin, pathname} = new URL('room', document.baseURI);
    this.section.room = {address: origin + pathname, key};
  }

  open(key) {
    if (!key || key === this.client?.key) return;
    this.client?.close();
    store.set(KEPT, key);
    this.tell(key);
    this.client = new RoomClient(key, {
      show: (state) => this.show(state),
      lost: (lost) => say(this.trouble, lost && !isLost() ? LOST : ''),  // else the page says it
      ended: () => this.close('The room has ended, and nothing of it is kept.'),
    });
  }

  // The checkbox says what holds, also after a reload or a change from another page.
  tick(leaderboard) {
    if (leaderboard !== this.leaderboard) this.view.trigger('select', {index: leaderboard});
    this.leaderboard = leaderboard;
  }

  close(said) {
    if (this.client) store.remove(KEPT);
    this.tell('');
    this.section.dataset.phase = 'closed';
    say(this.said, said);
    this.said.hidden = this.join.hidden = false;
    for (const node of [this.head, this.status.element, this.result.node]) node.hidden = true;
    say(this.trouble, '');
    say(this.full, '');
  }

  ask(path) { post(path, {}, this.client.key).catch((error) => say(this.trouble, error.message)); }

  show(state) {
    const {phase, round, joined, answered} = state;
    this.section.dataset.phase = phase;
    this.tick(state.leaderboard);
    this.said.hidden = this.join.hidden = true;
    this.head.hidden = this.result.node.hidden = false;
    this.status.element.hidden = !state.status;
    this.qr.src = state.qr;
    set(this.qr, 'alt', `QR code of ${state.link}`);
    say(this.code, state.code);
    say(this.link, state.link);
    this.link.href = state.link;
    say(this.full, state.full ? FULL : '');
    say(this.joined, `${joined} joined`);
    say(this.answered, round ? `${answered} sent marks` : '');
    this.bar.hidden = phase !== 'marking';
    this.bar.firstChild.style.width = `${joined ? Math.min(answered / joined, 1) * 100 : 0}%`;
    if (state.status) this.status.show(state.status);
    this.result.show(state);
    this.speaker.announce([this.joined.textContent, this.answered.textContent].join(', '));
  }
}

export const mount = (view) => new RoomOnProjector(view);
