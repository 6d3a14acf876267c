/** How quickly the demo goes on, and how quickly it went in the last seconds. */

/** What happens live at first, so that there is something to watch; it is halved again and again until the past's pace. */
const LIVELY_PER_SECOND = 1;
const HALVED_EACH_SECONDS = 120;

/** Events a second of what happens now. `settled` is the pace of the past, with which a chart by day goes on evenly. */
export const livePace = (secondsLive: number, settled: number): number =>
  Math.max(settled, LIVELY_PER_SECOND * 2 ** (-secondsLive / HALVED_EACH_SECONDS));

const WINDOW_MS = 10_000;

/** Counts, and tells how many a second there were of late. `at` is in epoch milliseconds. */
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
