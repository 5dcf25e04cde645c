// Gradio's menus, which lose the focus to the page in two places.
addEventListener('keydown', ({target: field, key}) => {
  if (field.getAttribute?.('role') !== 'combobox') return;
  // An open menu is a box that scrolls, so Chromium puts it into the order of Tab; but there it closes and is gone.
  const menu = document.getElementById(field.getAttribute('aria-controls'));
  if (key === 'Tab' && menu) menu.tabIndex = -1;
  // A choice takes the focus from the field. To give it back opens the menu again, which Escape closes.
  if (key === 'Enter') setTimeout(() => {
    if (document.activeElement !== document.body) return;
    field.focus();
    field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
  });
}, true);
