/**
 * Regular expressions in schemas run on every event, and the engine backtracks. So a pattern may be tried in a
 * bounded number of ways only, which is counted here before it is registered, and it sees short texts only.
 */

/** A longer text matches no pattern. */
export const PATTERN_TEXT = 256;
const PATTERN_LENGTH = 256;
/** What three unbounded repetitions, one after the other, come to on the longest text: 257^3, and a little. */
const MOST_WAYS = 2 ** 25;

const HEAD = `^(?![^]{${PATTERN_TEXT + 1}})[^]*?(?:`;
const TAIL = ")";

/** The same pattern, for short texts only. It may match anywhere in them, as it would by itself. */
export const guarded = (pattern: string): string => HEAD + pattern + TAIL;
export const unguarded = (pattern: string): string => pattern.slice(HEAD.length, -TAIL.length);

/** Why a pattern is not taken, or null. */
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

/** In how many ways a valid pattern can match a text: as many as backtracking tries at most. */
function countWays(pattern: string): number {
  let at = 0;

  /** `{1,3}`, `*`, `?` after an atom: from, to. */
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

  /** An atom's own ways; a plain character or class has one. */
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
