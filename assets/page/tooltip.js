import {make} from './dom.js';

// One tooltip a view, in the top layer so that nothing clips it. show(rect, lines) places it above rect.
export const tooltip = (element) => {
  const box = make('div', {class: 'mw mw-tip', role: 'tooltip', popover: 'manual'});
  element.append(box);
  const hide = () => {
    if (box.matches(':popover-open')) box.hidePopover();
    removeEventListener('scroll', hide, true);
  };
  const show = (rect, lines) => {
    box.replaceChildren(...lines.map((line) => make('div', {dir: 'auto'}, line)));
    if (!box.matches(':popover-open')) box.showPopover();
    addEventListener('scroll', hide, {capture: true, passive: true});
    const {offsetWidth: width, offsetHeight: height} = box;
    const left = Math.min(Math.max(rect.left + rect.width / 2 - width / 2, 8), innerWidth - width - 8);
    const above = rect.top - height - 8;
    box.style.left = `${left}px`;
    box.style.top = `${above < 8 ? rect.bottom + 8 : above}px`;
  };
  element.addEventListener('keydown', (event) => { if (event.key === 'Escape') hide(); });
  return {show, hide};
};
