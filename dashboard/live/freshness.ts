/**
 * Keeps the figures on the page as fresh as they can be. The live counters say that something happened; then everything is
 * requested again, which brings the tables forward, at most every ten seconds (worker/projections/index.ts).
 */
import type { LiveConnection } from "./connection.ts";

/** After a change, in milliseconds: more of them may follow. */
const SOON = 2_000;
/** Between two refreshes: a little more than ten seconds, so that the tables are brought forward each time. */
const AGAIN = 11_000;
/** Without any change, for a new day and for old events that others import. */
const AT_LEAST = 60_000;

export function keepFresh(live: LiveConnection, refresh: () => void): () => void {
  let changes = live.state.changes;
  let changedAt = Number.NEGATIVE_INFINITY;
  let refreshedAt = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const run = () => {
    clearTimeout(timer);
    timer = undefined;
    // The page is not visible: it is refreshed when it becomes visible.
    if (document.hidden) return;
    const now = performance.now();
    refreshedAt = now;
    refresh();
    // The tables may have been brought forward just before the change: then they are not, this time.
    if (now - changedAt < AGAIN) timer = setTimeout(run, AGAIN);
  };
  const changed = () => {
    if (live.state.changes === changes) return;
    changes = live.state.changes;
    changedAt = performance.now();
    timer ??= setTimeout(run, SOON);
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
