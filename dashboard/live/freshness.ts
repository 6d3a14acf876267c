/**
 * Keeps the figures on the page as fresh as the tables. These follow the live counters within seconds, so after a
 * live change everything is asked again, and a few times more until the tables have surely caught up.
 */
import type { LiveConnection } from "./connection.ts";

/** The tables lag about this far behind the live counters, in milliseconds. */
const LAG = 4_000;
/** After this long without a change they have caught up. */
const SETTLED = 12_000;
/** Without any change: so that today, and what others backfilled, does not grow old. */
const AT_LEAST = 60_000;

export function keepFresh(live: LiveConnection, refresh: () => void): () => void {
  let changes = live.state.changes;
  let changedAt = Number.NEGATIVE_INFINITY;
  let refreshedAt = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const run = () => {
    clearTimeout(timer);
    timer = undefined;
    // Nobody is looking: what was missed is made up for when somebody does.
    if (document.hidden) return;
    const now = performance.now();
    refreshedAt = now;
    refresh();
    if (now - changedAt < SETTLED) timer = setTimeout(run, LAG);
  };
  const changed = () => {
    if (live.state.changes === changes) return;
    changes = live.state.changes;
    changedAt = performance.now();
    timer ??= setTimeout(run, LAG);
  };
  const seen = () => {
    if (!document.hidden && (changedAt > refreshedAt || performance.now() - refreshedAt > AT_LEAST)) run();
  };
  const slow = setInterval(() => performance.now() - refreshedAt >= AT_LEAST && run(), AT_LEAST / 4);
  const stop = live.listen(changed);
  document.addEventListener("visibilitychange", seen);
  return () => {
    clearTimeout(timer);
    clearInterval(slow);
    stop();
    document.removeEventListener("visibilitychange", seen);
  };
}
