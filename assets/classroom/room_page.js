// The page of a student in a room: join, mark, see.
import {make, say, set} from '../page/dom.js';
import {ClassResult} from './class_result.js';
import {mount as mountBoard} from './guess_board.js';
import {part} from './part.js';
import {kept, LAST, post, RoomClient, store} from './room_client.js';
import {JoinForm} from './room_join.js';

const query = new URLSearchParams(location.search);
const LOST = 'The connection is lost. This page tries again by itself, and nothing that you sent is lost.';
const apart = (name) => `\u2068${name}\u2069`;  // whichever way it is written, the rest of the line stays

const followTheme = () => {
  const wish = query.get('__theme'), system = matchMedia('(prefers-color-scheme: dark)');
  const paint = () => document.body.classList.toggle('dark', wish ? wish === 'dark' : system.matches);
  system.addEventListener('change', paint);
  paint();
};

class StudentPage {
  constructor(main) {
    this.where = make('p', {class: 'mw-room-where'});
    this.trouble = make('p', {class: 'mw-room-trouble', role: 'status'});
    this.form = new JoinForm((code, key) => this.enter(code, key));
    this.words = make('p', {class: 'mw-room-words', role: 'status', dir: 'auto'});
    this.board = part(mountBoard, 'Mark words', () => requestAnimationFrame(() => this.drawSend()));
    this.sendButton = make('button', {type: 'button', class: 'mw-room-button'}, 'Send my marks');
    this.sent = make('p', {class: 'mw-note', role: 'status'});
    this.marking = make('section', {class: 'mw-room-marking', 'aria-label': 'Your marks'}, this.board.element,
      make('div', {class: 'mw-room-send'}, this.sendButton, this.sent));
    this.score = make('p', {class: 'mw-score'});
    this.sentence = make('p', {class: 'mw-sentence', role: 'status'});
    this.verdict = make('section', {class: 'mw-card mw-guess', 'aria-label': 'Your score'},
      make('h2', {class: 'mw-heading'}, 'Your score'), make('div', {class: 'mw-guess-verdict'}, this.score, this.sentence));
    this.result = new ClassResult();
    main.replaceChildren(make('header', {class: 'mw-room-header'}, make('h1', {}, 'Maskwise'), this.where), this.trouble,
      this.form.node, this.words, this.marking, this.verdict, this.result.node);
    this.sendButton.addEventListener('click', () => this.send());
    this.leave('');
  }

  // Back to the form, with the words of why.
  leave(why) {
    this.state = null;
    for (const node of [this.words, this.marking, this.verdict, this.result.node, this.trouble]) node.hidden = true;
    say(this.where, '');
    this.form.open(why);
  }

  enter(code, key) {
    store.set(kept(code), key);
    store.set(LAST, key);
    const address = new URL(location.href);
    address.searchParams.set('room', code);
    history.replaceState(null, '', address);
    this.form.close();
    this.key = key;
    this.trouble.hidden = this.words.hidden = false;
    say(this.words, 'One moment.');
    this.client = new RoomClient(key, {
      show: (state) => this.show(state),
      lost: (lost) => say(this.trouble, lost ? LOST : ''),
      ended: (why) => { store.remove(kept(code)); this.form.code.value = ''; this.leave(why); },
    });
  }

  show(state) {
    const before = this.state, {round, phase, me} = state;
    const fresh = round?.number !== before?.round?.number;
    this.state = state;
    say(this.where, [me.name && apart(me.name), me.points ? `${me.points} points` : ''].filter(Boolean).join(' \u00b7 '));
    this.tell(state);
    this.marking.hidden = phase !== 'marking' || !round.board;
    if (!this.marking.hidden) this.showBoard(round, fresh || !before.round.board ? me.marks : this.board.props.value.selected);
    this.verdict.hidden = phase !== 'revealed' || !me.sentence;
    say(this.score, me.score === null ? 'No score' : `${Math.round(me.score * 100)}%`);
    say(this.sentence, me.sentence);
    this.result.node.hidden = !round && !state.leaders?.length;
    this.result.show(state, me, false);
    if (before && before.phase !== phase) scrollTo({top: 0});
  }

  showBoard(round, selected) {
    this.board.show({...round.board, selected, selectable: true, then: ''});
    this.drawSend();
  }

  // What there is to do now, read aloud when it changes.
  tell({round, phase, me}) {
    const mark = round && `Mark ${round.k} ${round.unit}${round.k === 1 ? '' : 's'}, then press Send.`;
    say(this.words, round?.failed || {
      lobby: 'You are in. The round begins here when your teacher starts it.',
      marking: round?.board ? mark : 'The words appear here as soon as the model has read them.',
      revealed: me.sentence ? '' : me.marks.length ? 'The marks are being scored.' : 'This round was revealed before you sent marks.',
    }[phase]);
  }

  drawSend() {
    const {selected = [], k} = this.board.props.value, {marks} = this.state.me;
    const same = selected.length === marks.length && selected.every((index) => marks.includes(index));
    set(this.sendButton, 'disabled', selected.length !== k || same || null);
    const sent = same ? 'Sent. You can change your marks until the reveal.' : 'Changed: press Send again, or the marks that you sent count.';
    say(this.sent, marks.length ? sent : '');
  }

  async send() {
    const marks = this.board.props.value.selected;
    set(this.sendButton, 'disabled', true);
    try {
      await post('marks', {marks}, this.key);
      this.state.me.marks = marks;
      this.drawSend();
    } catch (error) {
      say(this.sent, error.message);
      set(this.sendButton, 'disabled', null);
    }
  }
}

followTheme();
const page = new StudentPage(document.querySelector('main'));
const code = JoinForm.read(query.get('room') || ''), key = store.get(kept(code));
if (key) page.enter(code, key);
