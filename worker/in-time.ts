/**
 * The value of a promise, or `late` where it takes longer than a number of milliseconds. The timer is I/O of this request, which
 * the runtime requires while it waits for another invocation. It ends with the waiting, so that it keeps no object in memory.
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
