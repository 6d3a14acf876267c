/**
 * The client SDK, for browsers and servers: web standards only, no dependency. It gathers events and delivers each of them at
 * least once; the server counts an id once. One request is in flight at a time, so events arrive in order.
 */
import { judge, type Outcome } from "./client/answer.ts";
import { bodyOf, bytesOf, type Item, SENT_AT_BYTES, sizeOf, take } from "./client/batch.ts";
import { type Breaker, type BreakerState, CLOSED, coolDown, fail, pause } from "./client/breaker.ts";
import type { DropReason, EdgepixelEvent, NoOwnEvents, OwnEvents, Rejection, TrackedEvent } from "./client/events.ts";
import type { ClientOptions } from "./client/options.ts";
import { EVENT_BYTES, KEEPALIVE_BYTES, settingsOf } from "./client/settings.ts";

export type { BreakerState } from "./client/breaker.ts";
export type {
  BuiltInEvents,
  CommonFields,
  DropReason,
  EdgepixelEvent,
  Install,
  Money,
  OwnEvents,
  Purchase,
  Rejection,
  TrackedEvent,
} from "./client/events.ts";
export type { ClientOptions, Clock, Defaults, Page } from "./client/options.ts";

/** `accepted`, `rejected` and `dropped` count events since the client was created; `retries` counts requests. */
export type Stats = {
  accepted: number;
  rejected: number;
  dropped: number;
  buffered: number;
  inFlight: number;
  retries: number;
};
/** How long to wait at most, in milliseconds. */
export type Patience = { timeout?: number | undefined };

export type Client<Own extends OwnEvents = NoOwnEvents> = {
  /** Takes an event for delivery and returns its id. Never throws. */
  track<const Type extends string>(event: EdgepixelEvent<Type, Own>): string;
  /** Sends buffered events; resolves when all events that were tracked before are settled. Never rejects. */
  flush(patience?: Patience): Promise<Stats>;
  /** Flushes, waits up to 30 seconds unless `timeout` is given, drops the events that are left, and stops. Never rejects. */
  close(patience?: Patience): Promise<Stats>;
  stats(): Stats;
  readonly state: BreakerState;
};

/** The longest time of a timer, in milliseconds. */
const FOREVER = 2 ** 31 - 1;
const CLOSE_TIMEOUT = 30_000;

export function createClient<Own extends OwnEvents = NoOwnEvents>(options: ClientOptions): Client<Own> {
  const settings = settingsOf(options);
  const { clock, defaults, page } = settings;
  const endpoint = `${settings.url.replace(/\/+$/, "")}/api/v1/events`;
  const counts = { accepted: 0, rejected: 0, dropped: 0, retries: 0 };
  /** All events that are not settled, in the order of `track`. */
  let queue: Item[] = [];
  let size = 0;
  let sequence = 0;
  /** Events up to this sequence number are sent without waiting for more. */
  let due = 0;
  /** The most events of the next request; halved when a request is too large. */
  let most = settings.batchEvents;
  let breaker: Breaker = CLOSED;
  let lingering: unknown;
  let resting: unknown;
  let closed = false;
  const requests = new Map<AbortController, number>();
  const waiters = new Set<{ upTo: number; done(): void }>();

  /** Calls a function of the caller after the current work, since it may track, flush, or throw. */
  const tell = (report: () => void): void =>
    queueMicrotask(() => {
      try {
        report();
      } catch (error) {
        console.error(error);
      }
    });

  /** A timer that does not keep the process alive. */
  const later = (act: () => void, ms: number): unknown => {
    const timer = clock.setTimeout(act, ms);
    (timer as { unref?: () => void } | null)?.unref?.();
    return timer;
  };

  const eventOf = ({ json }: Item): TrackedEvent => JSON.parse(json);

  /** Returns false where the event was settled before. */
  const settle = (item: Item, as: "accepted" | "rejected" | "dropped"): boolean => {
    if (item.settled) return false;
    item.settled = true;
    counts[as]++;
    return true;
  };

  const reject = (event: TrackedEvent, errors: Rejection[]) => tell(() => settings.onRejected(event, errors));

  const drop = (items: Item[], reason: DropReason): void => {
    const events = items.filter((item) => settle(item, "dropped")).map(eventOf);
    if (events[0]) tell(() => settings.onDropped(events, reason));
  };

  const clear = (): void => {
    queue = queue.filter((item) => !item.settled);
    size = sizeOf(queue);
  };

  const turn = (next: Breaker): void => {
    const { state } = breaker;
    breaker = next;
    if (next.state !== state) tell(() => settings.onState?.(next.state, state));
  };

  const stats = (): Stats => {
    const inFlight = queue.filter((item) => item.busy).length;
    return { ...counts, buffered: queue.length - inFlight, inFlight };
  };

  const post = async (batch: Item[]): Promise<Outcome> => {
    const control = new AbortController();
    const bytes = sizeOf(batch);
    requests.set(control, bytes);
    let timer: unknown;
    try {
      // Raced against the timeout, in case the given `fetch` ignores the signal.
      const late = new Promise<never>((_, give) => {
        control.signal.addEventListener("abort", give);
        timer = later(() => control.abort(), settings.timeout);
      });
      const answer = async (): Promise<Outcome> => {
        const response = await settings.fetch(endpoint, {
          method: "POST",
          headers: { authorization: `Bearer ${settings.key}`, "content-type": "application/json" },
          body: bodyOf(batch, clock.now()),
          signal: control.signal,
          // Only in a page: the `fetch` of some server runtimes does not support these.
          ...(page && { credentials: "omit", keepalive: bytes <= KEEPALIVE_BYTES }),
        });
        const text = await response.text();
        return judge(response.status, response.headers.get("retry-after"), text, batch.length, clock.now());
      };
      return await Promise.race([answer(), late]);
    } catch {
      return { kind: "failed", after: 0 };
    } finally {
      clock.clearTimeout(timer);
      requests.delete(control);
    }
  };

  const rest = (ms: number): void => {
    clock.clearTimeout(resting);
    resting = later(() => {
      resting = undefined;
      turn(coolDown(breaker));
      run();
    }, ms);
  };

  const deliver = async (batch: Item[]): Promise<void> => {
    if (batch.some((item) => item.tried)) counts.retries++;
    for (const item of batch) item.busy = true;
    const outcome = await post(batch);
    for (const item of batch) item.busy = false;
    if (outcome.kind === "failed") {
      for (const item of batch) item.tried = true;
      if (!closed || queue.length > 0) {
        turn(fail(breaker, settings));
        rest(pause(breaker, outcome.after, settings, settings.random));
      }
    } else {
      clock.clearTimeout(resting);
      resting = undefined;
      turn(CLOSED);
      if (outcome.kind === "too large") most = Math.ceil(batch.length / 2);
      else {
        // A single event that is too large does not reduce the next requests.
        most = batch.length === 1 ? settings.batchEvents : Math.min(settings.batchEvents, most + Math.ceil(most / 8));
        for (const [index, item] of batch.entries()) {
          const errors = outcome.kind === "judged" ? outcome.errors[index] : outcome.errors;
          if (settle(item, errors ? "rejected" : "accepted") && errors) reject(eventOf(item), errors);
        }
        clear();
      }
    }
    run();
  };

  /** Drops expired events, ends waiting, and sends what is due. Called after every change that may affect this. */
  const run = (): void => {
    const stale = clock.now() - settings.giveUpAfter;
    if (queue[0] && queue[0].at < stale) {
      drop(
        queue.filter((item) => item.at < stale && !item.busy),
        "expired",
      );
      clear();
    }
    const [head] = queue;
    for (const waiter of waiters) if (!head || head.sequence > waiter.upTo) waiter.done();
    if (head && sequence > due)
      lingering ??= later(() => {
        lingering = undefined;
        due = sequence;
        run();
      }, settings.flushInterval);
    if (head && head.sequence <= due && resting === undefined && requests.size === 0)
      void deliver(take(queue, most, settings.batchBytes));
  };

  /** The page may not come back: sends the events that fit in a request that outlives the page, even while another is in flight. */
  const leave = (event: { type: string }): void => {
    if (breaker.state !== "closed" || (event.type !== "pagehide" && page?.document.visibilityState !== "hidden"))
      return;
    const room = [...requests.values()].reduce((left, bytes) => left - bytes, KEEPALIVE_BYTES);
    const batch = take(
      queue.filter((item) => !item.busy),
      most,
      room,
    );
    if (batch.length > 0 && sizeOf(batch) <= room) void deliver(batch);
  };
  const LEAVING = ["pagehide", "visibilitychange"];
  for (const type of LEAVING) page?.addEventListener(type, leave);

  const track = (event: object): string => {
    let tracked = event as TrackedEvent;
    try {
      const at = clock.now();
      tracked = { ...((typeof defaults === "function" ? defaults() : defaults) as object), ...tracked };
      tracked = { ...tracked, event_id: tracked.event_id || settings.newId(at), timestamp: tracked.timestamp ?? at };
      const json = JSON.stringify(tracked);
      const bytes = bytesOf(json) + SENT_AT_BYTES;
      if (bytes > EVENT_BYTES) throw new RangeError(`${bytes} bytes; an event may have ${EVENT_BYTES}`);
      const item: Item = { json, bytes, sequence: ++sequence, at, busy: false, tried: false, settled: false };
      const full = queue.length >= settings.bufferEvents;
      const oldest = full && settings.drop === "oldest" ? queue.find(({ busy }) => !busy) : undefined;
      if (closed || (full && !oldest)) drop([item], closed ? "closed" : "buffer_full");
      else {
        if (oldest) {
          drop([oldest], "buffer_full");
          size -= oldest.bytes + 1;
          queue.splice(queue.indexOf(oldest), 1);
        }
        queue.push(item);
        size += bytes + 1;
        if (queue.length >= settings.batchEvents || size >= settings.batchBytes) due = sequence;
        run();
      }
    } catch (error) {
      counts.rejected++;
      const code = error instanceof RangeError ? "too_large" : "invalid";
      reject(tracked, [{ field: "event", code, message: (error as Error).message }]);
    }
    return tracked?.event_id ?? "";
  };

  const flush = ({ timeout = FOREVER }: Patience = {}): Promise<Stats> =>
    new Promise((resolve) => {
      const waiter = {
        upTo: sequence,
        done() {
          clock.clearTimeout(timer);
          waiters.delete(waiter);
          resolve(stats());
        },
      };
      // Also keeps the process alive meanwhile.
      const timer = clock.setTimeout(waiter.done, Math.min(timeout, FOREVER));
      waiters.add(waiter);
      due = sequence;
      run();
    });

  const close = async ({ timeout = CLOSE_TIMEOUT }: Patience = {}): Promise<Stats> => {
    closed = true;
    for (const type of LEAVING) page?.removeEventListener(type, leave);
    await flush({ timeout });
    drop(queue, "closed");
    clear();
    for (const control of requests.keys()) control.abort();
    for (const timer of [lingering, resting]) clock.clearTimeout(timer);
    return stats();
  };

  return {
    track,
    flush,
    close,
    stats,
    get state() {
      return breaker.state;
    },
  };
}
