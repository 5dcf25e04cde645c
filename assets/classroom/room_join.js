// The code of a room and a nickname: all that a student types to join.
import {make, say, set} from '../page/dom.js';
import {kept, LAST, post, store} from './room_client.js';

const field = (text, attributes) => {
  const input = make('input', {type: 'text', autocomplete: 'off', ...attributes});
  return [make('label', {class: 'mw-room-field'}, make('span', {}, text), input), input];
};

export class JoinForm {
  static read(text) { return text.replaceAll(/\s/g, '').toUpperCase(); }

  // joined(code, key)
  constructor(joined) {
    this.joined = joined;
    const codes = {autocapitalize: 'characters', spellcheck: 'false', maxlength: 12, required: true, name: 'code'};
    const [codeField, code] = field('Code', codes), [nameField, name] = field('Nickname (if you like)', {maxlength: 24, name: 'nickname'});
    Object.assign(this, {code, name, said: make('p', {class: 'mw-room-refused', role: 'alert', dir: 'auto'})});
    this.button = make('button', {type: 'submit', class: 'mw-room-button'}, 'Join');
    this.node = make('form', {class: 'mw-card mw-room-form'}, make('h2', {}, 'Join a room'), codeField, nameField, this.button, this.said,
      make('p', {class: 'mw-note'}, 'No account. What you send stays in this room, and is gone when it ends.'));
    this.code.value = JoinForm.read(new URLSearchParams(location.search).get('room') || '');
    this.node.addEventListener('submit', (event) => { event.preventDefault(); this.join(); });
  }

  open(why) {
    this.node.hidden = false;
    say(this.said, why);
    (this.code.value ? this.name : this.code).focus();
  }

  close() { this.node.hidden = true; }

  async join() {
    const code = JoinForm.read(this.code.value);
    set(this.button, 'disabled', true);
    say(this.said, '');
    try {
      const {key} = await post('join', {code, name: this.name.value}, store.get(kept(code)) || store.get(LAST) || '');
      this.joined(code, key);
    } catch (error) {
      say(this.said, error.message);
    } finally {
      set(this.button, 'disabled', null);
    }
  }
}
