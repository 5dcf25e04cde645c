import {fixed} from '../page/numbers.js';

// One step of a recorded search in words. A sentence is a list of strings and of {word} for spans of the prompt.
const MOST_NAMES = 6, LONGEST_NAME = 60, EQUAL = 0.005;

const minus = (some, others) => some.filter((index) => !others.includes(index));

// What a step did: the best set before it, and what its proposal puts back into the prompt and takes out.
// `before` is null for a first step that was accepted, `proposed` for a rejected one that an older record does not hold.
export const exchange = ({steps}, i) => {
  const step = steps[i], earlier = steps[i - 1];
  const before = earlier ? earlier.removed : step.accepted ? null : step.removed;
  const proposed = step.proposed || (step.accepted ? step.removed : null);
  const known = before && proposed;
  return {before, proposed, back: known ? minus(before, proposed) : [], out: known ? minus(proposed, before) : proposed || []};
};

// The text of a span, with its number where the prompt holds the same text twice.
const nameOf = ({spans, granularity = 'word'}, index) => {
  const {text} = spans[index], letters = Array.from(text.trim().replace(/\s+/g, ' '));
  const name = letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME - 1).join('')}\u2026` : letters.join('');
  const twice = spans.some((other, i) => i !== index && other.text === text);
  return twice || !name ? [{word: name || text}, ` (${granularity} ${index + 1})`] : [{word: name}];
};

const listed = (value, indices) => {
  const names = indices.slice(0, MOST_NAMES).map((index) => nameOf(value, index));
  if (indices.length > MOST_NAMES) names.push([`${indices.length - MOST_NAMES} more`]);
  return names.flatMap((name, i) => (i ? [i === names.length - 1 ? ' and ' : ', ', ...name] : name));
};

const moves = (value, {before, proposed, back, out}) => {
  if (!proposed) return [];
  if (back.length && out.length)
    return ['put ', ...listed(value, back), ' back and remove ', ...listed(value, out), ' instead: '];
  if (back.length) return ['put ', ...listed(value, back), ' back: '];
  if (out.length) return [before?.length ? 'remove ' : 'remove only ', ...listed(value, out), before?.length ? ' as well: ' : ': '];
  return ['nothing is exchanged: '];
};

const outcome = (step, earlier, {before, proposed}) => {
  const best = earlier ? earlier.log_prob : step.log_prob, tried = step.proposal;
  const verdict = `it is ${step.accepted ? 'accepted' : 'rejected'}.`;
  if (!Number.isFinite(tried)) return `its log p is not recorded; ${verdict}`;
  const start = `log p ${fixed(tried)}, `;
  if (step.accepted && !earlier) return `${start}the lowest so far, so ${verdict}`;
  if (step.accepted)
    return `${start}${tried < best ? `lower than the best before, ${fixed(best)}` : 'the lowest of those tried'}, so ${verdict}`;
  // A round that compares all its sets before it takes one: also lower ones have to wait.
  if (tried < best - EQUAL || proposed?.length > before.length)
    return `${start}noted: this round tries all its sets, then takes the lowest.`;
  return `${start}${tried > best + EQUAL ? 'higher' : 'no lower'} than the best ${fixed(best)}, so ${verdict}`;
};

export const sentenceOf = (value, i) => {
  const step = value.steps[i], change = exchange(value, i);
  return [`Step ${step.step}: `, ...moves(value, change), outcome(step, value.steps[i - 1], change)];
};
