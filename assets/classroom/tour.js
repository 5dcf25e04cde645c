const GAP = 12;  // px between a card, what it explains and the window's edge

const start = make('button', {type: 'button', class: 'mw-tool', 'aria-haspopup': 'dialog'}, props.label);
const title = make('h2', {id: 'tour-title'}), text = make('p', {id: 'tour-text'});
const words = make('div', {'aria-live': 'polite'}, title, text), place = make('span', {class: 'mw-note'});
const button = (label) => make('button', {type: 'button', class: 'mw-tool'}, label);
const back = button('Back'), next = button('Next'), close = button('Close');
const card = make('div', {class: 'mw-tour-card'}, words, make('div', {class: 'mw-tour-buttons'}, place, close, back, next));
const spot = make('div', {class: 'mw-tour-spot', 'aria-hidden': true});
const dialog = make('dialog', {class: 'mw mw-tour', 'aria-modal': 'true', 'aria-labelledby': 'tour-title', 'aria-describedby': 'tour-text'}, spot, card);
root.append(start, dialog);

let at = 0;
const cards = () => props.value.cards;

const seen = (node) => node && node.getClientRects().length > 0;
const target = () => {
  const node = document.querySelector(cards()[at].target);
  return seen(node) ? node : null;
};

// Puts the light on the target and the card where there is most room: below, above, or over its lower end.
const arrange = () => {
  const node = target();
  spot.classList.toggle('mw-tour-nowhere', !node);
  const {offsetWidth: width, offsetHeight: height} = card;
  const box = node ? node.getBoundingClientRect() : new DOMRect(innerWidth / 2, (innerHeight - height) / 2 - GAP, 0, 0);
  for (const [side, number] of [['left', box.left - 6], ['top', box.top - 6], ['width', box.width + 12], ['height', box.height + 12]]) spot.style[side] = `${number}px`;
  const below = box.bottom + GAP, above = box.top - GAP - height, lowest = innerHeight - height - GAP;
  const top = below <= lowest ? below : above >= GAP ? above : lowest;
  card.style.top = `${Math.max(GAP, top)}px`;
  card.style.left = `${Math.max(GAP, Math.min(box.left + box.width / 2 - width / 2, innerWidth - width - GAP))}px`;
};

const show = (index) => {
  at = index;
  const last = cards().length - 1;
  say(title, cards()[at].title);
  say(text, cards()[at].text);
  say(place, `${at + 1} of ${last + 1}`);
  say(next, at === last ? 'Done' : 'Next');
  back.disabled = at === 0;
  if (back.disabled && document.activeElement !== close) next.focus();
  const node = target();
  if (node) node.scrollIntoView({block: node.offsetHeight + card.offsetHeight + 4 * GAP > innerHeight ? 'start' : 'center'});
  arrange();
};

const openTab = () => {
  const tab = [...document.querySelectorAll('[role=tab]')].find((node) => seen(node) && node.textContent.trim() === props.value.tab);
  if (tab && tab.getAttribute('aria-selected') !== 'true') tab.click();
};

const forward = () => (at === cards().length - 1 ? dialog.close() : show(at + 1));
const backward = () => { if (at > 0) show(at - 1); };

start.addEventListener('click', () => {
  openTab();
  dialog.showModal();
  next.focus();
  show(0);
  requestAnimationFrame(() => requestAnimationFrame(() => show(at)));  // again, once the tab is laid out
  for (const type of ['scroll', 'resize']) addEventListener(type, arrange, {capture: true, passive: true});
});
dialog.addEventListener('close', () => {
  for (const type of ['scroll', 'resize']) removeEventListener(type, arrange, {capture: true});
  start.focus();
});
next.addEventListener('click', forward);
back.addEventListener('click', backward);
close.addEventListener('click', () => dialog.close());
dialog.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') event.stopPropagation();
  const act = {ArrowRight: forward, ArrowLeft: backward}[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
