/**
 * Regular expressions in schemas run on every event, and the engine backtracks. So the number of ways in which a pattern can
 * match is counted here and limited before it is registered, and only short texts are matched.
 */

/** A longer text matches no pattern. */
export const PATTERN_TEXT = 256;
const PATTERN_LENGTH = 256;
/** Slightly more than 257^3, the number of ways of three unbounded repetitions in a row on the longest text. */
const MOST_WAYS = 2 ** 25;

const HEAD = `^(?![^]{${PATTERN_TEXT + 1}})[^]*?(?:`;
const TAIL = ")";

/** The same pattern, limited to short texts. It may match anywhere in the text, as without the limit. */
export const guarded = (pattern: string): string => HEAD + pattern + TAIL;
export const unguarded = (pattern: string): string => pattern.slice(HEAD.length, -TAIL.length);

/** Why a pattern is refused; null where it is accepted. */
export function patternFault(pattern: string): string | null {
  if (pattern.length > PATTERN_LENGTH) return `must have at most ${PATTERN_LENGTH} characters`;
  try {
    new RegExp(pattern, "u");
  } catch {
    return "is not a regular expression";
  }
  if (/\\k<|\\[1-9]|\(\?(?:[=!]|<[=!]|[-ims]+[:)])/.test(pattern.replace(/\\[^k1-9]/gu, "")))
    return "must not look around, look back at a group or set flags";
  const anchored = pattern.startsWith("^") && !pattern.includes("|");
  const ways = countWays(pattern) * (anchored ? 1 : PATTERN_TEXT + 1);
  return ways <= MOST_WAYS ? null : "could take too long: repetitions inside repetitions, or too many of them";
}

/** In how many ways a valid pattern can match a text: the most that backtracking can try. */
function countWays(pattern: string): number {
  let at = 0;

  /** The smallest and largest number of repetitions of an atom, by `{1,3}`, `*`, `+` or `?` after it. */
  function repetition(): [number, number] {
    const [found = "", from, comma, to] = /^(?:\{(\d+)(,?)(\d*)\}|[*+?])/u.exec(pattern.slice(at)) ?? [];
    at += found.length;
    if (found !== "" && pattern[at] === "?") at++;
    switch (found) {
      case "":
        return [1, 1];
      case "*":
        return [0, PATTERN_TEXT];
      case "+":
        return [1, PATTERN_TEXT];
      case "?":
        return [0, 1];
      default:
        return [Number(from), comma === "" ? Number(from) : to === "" ? PATTERN_TEXT : Number(to)];
    }
  }

  /** The number of ways of one atom; a plain character or class has one. */
  function atom(): number {
    const opening = /^\((?:\?:|\?<\w+>)?/u.exec(pattern.slice(at))?.[0];
    if (opening !== undefined) {
      at += opening.length;
      const inner = alternatives();
      at++; // ")"
      return inner;
    }
    const plain = /^(?:\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\.|.)/su.exec(pattern.slice(at))?.[0];
    at += (plain ?? " ").length;
    return 1;
  }

  function alternatives(): number {
    let total = 0;
    let ways = 1;
    while (at < pattern.length && pattern[at] !== ")") {
      if (pattern[at] === "|") {
        at++;
        total += ways;
        ways = 1;
        continue;
      }
      const inner = atom();
      const [from, to] = repetition();
      ways *= inner ** to * (to - from + 1);
    }
    return total + ways;
  }

  return alternatives();
}
