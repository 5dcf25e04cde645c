import {make} from '../page/dom.js';

// Kinds of pieces: see explainers/reports/answer_diff.py.
const TAGS = {same: 'span', lost: 'del', new: 'ins', own: 'span', shared: 'mark'};

export const piecesOf = (answer) =>
  answer.length ? answer.map(([kind, text]) => make(TAGS[kind], {}, text)) : ['The model writes nothing.'];
