/**
 * What a promise comes to, or `late` where that takes longer than so many milliseconds. The timer is I/O of its own, as
 * waiting for another invocation needs it, and ends with the waiting, so that it keeps no object in memory.
 */
export async function inTime<Result, const Late>(
  promise: Promise<Result>,
  ms: number,
  late: Late,
): Promise<Result | Late> {
  const waiting = new AbortController();
  const timer = scheduler.wait(ms, { signal: waiting.signal }).then(
    () => late,
    () => late,
  );
  try {
    return await Promise.race([promise, timer]);
  } finally {
    waiting.abort();
  }
}
