// The guided tour: cards that explain the page, each with a light on what it is about.
import {make, say} from './dom.js';

const GAP = 12;  // px between a card, what it explains and the window's edge
const RIM = 6;  // px of the light around what it falls on

const button = (label) => make('button', {type: 'button', class: 'mw-tool'}, label);
const seen = (node) => node && node.getClientRects().length > 0;

class Tour {
  constructor(view) {
    this.view = view;
    this.at = 0;
    this.title = make('h2', {id: 'tour-title'});
    this.text = make('p', {id: 'tour-text'});
    this.place = make('span', {class: 'mw-note'});
    [this.back, this.next, this.close] = ['Back', 'Next', 'Close'].map(button);
    const words = make('div', {'aria-live': 'polite'}, this.title, this.text);
    this.card = make('div', {class: 'mw-tour-card'}, words,
      make('div', {class: 'mw-tour-buttons'}, this.place, this.close, this.back, this.next));
    this.spot = make('div', {class: 'mw-tour-spot', 'aria-hidden': true});
    this.dialog = make('dialog', {class: 'mw mw-tour', 'aria-modal': 'true', 'aria-labelledby': 'tour-title',
      'aria-describedby': 'tour-text'}, this.spot, this.card);
    this.start = make('button', {type: 'button', class: 'mw-tool', 'aria-haspopup': 'dialog'}, view.props.label);
    view.root.append(this.start, this.dialog);
    this.arrange = this.arrange.bind(this);
    this.listen();
  }

  get cards() { return this.view.props.value.cards; }

  listen() {
    this.start.addEventListener('click', () => this.open());
    this.next.addEventListener('click', () => this.forward());
    this.back.addEventListener('click', () => this.backward());
    this.close.addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('close', () => {
      for (const type of ['scroll', 'resize']) removeEventListener(type, this.arrange, {capture: true});
      this.start.focus();
    });
    this.dialog.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') event.stopPropagation();
      if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
      event.preventDefault();
      if (event.key === 'ArrowRight') this.forward();
      else this.backward();
    });
  }

  open() {
    this.openTab();
    this.dialog.showModal();
    this.next.focus();
    this.show(0);
    requestAnimationFrame(() => requestAnimationFrame(() => this.show(this.at)));  // again, once the tab is laid out
    for (const type of ['scroll', 'resize']) addEventListener(type, this.arrange, {capture: true, passive: true});
  }

  openTab() {
    const name = this.view.props.value.tab;
    const tab = [...document.querySelectorAll('[role=tab]')].find((node) => seen(node) && node.textContent.trim() === name);
    if (tab && tab.getAttribute('aria-selected') !== 'true') tab.click();
  }

  forward() {
    if (this.at === this.cards.length - 1) this.dialog.close();
    else this.show(this.at + 1);
  }

  backward() { if (this.at > 0) this.show(this.at - 1); }

  show(index) {
    this.at = index;
    const {title, text} = this.cards[index], last = this.cards.length - 1;
    say(this.title, title);
    say(this.text, text);
    say(this.place, `${index + 1} of ${last + 1}`);
    say(this.next, index === last ? 'Done' : 'Next');
    this.back.disabled = index === 0;
    if (this.back.disabled && document.activeElement !== this.close) this.next.focus();
    const node = this.target(), fits = node && node.offsetHeight + this.card.offsetHeight + 4 * GAP <= innerHeight;
    node?.scrollIntoView({block: fits ? 'center' : 'start'});
    this.arrange();
    this.card.scrollIntoView({block: 'nearest'});  // of the page around a frame that is as tall as its content
  }

  target() {
    const node = document.querySelector(this.cards[this.at].target);
    return seen(node) ? node : null;
  }

  // Puts the light on the target and the card where there is most room: below, above, or over its lower end.
  arrange() {
    const node = this.target(), {offsetWidth: width, offsetHeight: height} = this.card;
    const box = node ? node.getBoundingClientRect() : new DOMRect(innerWidth / 2, (innerHeight - height) / 2 - GAP, 0, 0);
    this.spot.classList.toggle('mw-tour-nowhere', !node);
    const light = {left: box.left - RIM, top: box.top - RIM, width: box.width + 2 * RIM, height: box.height + 2 * RIM};
    for (const [side, number] of Object.entries(light)) this.spot.style[side] = `${number}px`;
    const below = box.bottom + GAP, above = box.top - GAP - height, lowest = innerHeight - height - GAP;
    const top = below <= lowest ? below : above >= GAP ? above : lowest;
    this.card.style.top = `${Math.max(GAP, top)}px`;
    this.card.style.left = `${Math.max(GAP, Math.min(box.left + box.width / 2 - width / 2, innerWidth - width - GAP))}px`;
  }
}

export const mount = (view) => new Tour(view);
