// What a class sees once a round is revealed: the strip of all marks, the spread of scores, the sets, the best of the room.
import {make} from '../page/dom.js';
import {mount as mountStrip} from './class_strip.js';
import {mount as mountReveal} from './guess_reveal.js';
import {mount as mountLeaders} from './leaders.js';
import {part} from './part.js';
import {mount as mountSpread} from './spread.js';

export class ClassResult {
  constructor() {
    this.strip = part(mountStrip, 'The words, and how many chose each');
    this.spread = part(mountSpread, 'How the scores spread');
    this.reveal = part(mountReveal, 'The class together, and other sets');
    this.leaders = part(mountLeaders, 'Leaderboard');
    this.node = make('div', {class: 'mw-room-result'}, ...[this.strip, this.spread, this.reveal, this.leaders].map(({element}) => element));
  }

  // own: a student's marks and score. Before the reveal only the model's answer is there, and for a teacher the words.
  show({round, leaders, phase}, {marks = [], score = null} = {}, withWords = true) {
    const strip = round?.strip || (withWords ? round?.board : null), revealed = phase === 'revealed';
    this.strip.element.hidden = !strip;
    if (strip) this.strip.show({...strip, selectable: false, selected: marks});
    this.spread.show(revealed && round.spread ? {...round.spread, own: score} : {});
    this.reveal.show(round?.reveal || {});
    this.leaders.show({leaders: phase === 'marking' ? [] : leaders || []});
  }
}
