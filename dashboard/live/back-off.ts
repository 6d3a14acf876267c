/** How long to wait before connecting again: twice as long each time, up to a limit, and never all at once. */
const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/** `random` is 0–1. At least half of the time, so that a server which is down does not get too many requests. */
export function backOff(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return longest / 2 + (longest / 2) * random;
}
