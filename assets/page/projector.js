import {set, make} from './dom.js';
import {announcer} from './announcer.js';

export const mount = (view) => {
  const {props, root} = view;
  const page = document.documentElement;
  const button = make('button', {type: 'button', class: 'mw-tool', 'aria-pressed': 'false',
    title: 'Large type, only the essentials'}, props.label);
  const speaker = announcer(0);
  root.append(button, speaker);

  const turn = (on) => {
    page.classList.toggle('mw-projector', on);
    set(button, 'aria-pressed', String(on));
    speaker.announce(on ? 'Projector mode is on. Escape leaves it.' : 'Projector mode is off.', true);
  };
  const isOn = () => page.classList.contains('mw-projector');

  button.addEventListener('click', () => turn(!isOn()));
  // A dialog, a menu or a text field that is open keeps Escape for itself.
  const leave = (event) => {
    const inField = event.target.closest?.('input:not([type=range]), textarea, dialog');
    if (event.key !== 'Escape' || event.defaultPrevented || inField || !isOn()) return;
    turn(false);
    button.focus();
  };
  view.listen(window, 'keydown', leave);
  if (new URLSearchParams(location.search).get('projector') === '1') turn(true);
};
