/** How many extra events the demo sends at first, and how many it has sent in the last seconds. */

/** Extra events at first, so that there is something to watch; their pace is halved again and again. */
const LIVELY_PER_SECOND = 1;
const HALVED_EACH_SECONDS = 60;
/** Below this pace the extra events end: nobody would notice them. */
const LEAST_PER_SECOND = 0.02;

/** Extra events a second; 0 when they are over. */
export function livelyPace(secondsLive: number): number {
  const pace = LIVELY_PER_SECOND * 2 ** (-secondsLive / HALVED_EACH_SECONDS);
  return pace < LEAST_PER_SECOND ? 0 : pace;
}

const WINDOW_MS = 10_000;

/** Counts events, and returns how many there were a second in the last ten. `at` is in epoch milliseconds. */
export function speedometer(since: number): { add(count: number, at: number): void; perSecond(at: number): number } {
  let counted: { count: number; at: number }[] = [];
  return {
    add: (count, at) => counted.push({ count, at }),
    perSecond(at) {
      const start = Math.max(since, at - WINDOW_MS);
      counted = counted.filter((one) => one.at > start);
      return counted.reduce((sum, { count }) => sum + count, 0) / Math.max(1, (at - start) / 1_000);
    },
  };
}
