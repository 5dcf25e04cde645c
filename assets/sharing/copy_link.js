say(copyLink, props.label);
for (const name of ['aria-label', 'title']) set(copyLink, name, null);
for (const name of ['role', 'aria-label']) set(row, name, null);  // of one button
follow((value) => (value.n === undefined ? clear() : answer(value)));
