follow((value) => (value.n === undefined ? clear() : answer(value)));
