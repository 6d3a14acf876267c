/** A client with a simulated clock, random numbers and server. */
import { type Client, type ClientOptions, createClient, type TrackedEvent } from "../../pixel/client.ts";

type Timer = { at: number; act: () => void };

export function manualClock(start = Date.UTC(2026, 0, 1)) {
  const timers = new Map<number, Timer>();
  let time = start;
  let last = 0;
  /** Runs everything that is due without advancing the time. */
  const rest = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    now: () => time,
    setTimeout(act: () => void, ms: number): unknown {
      timers.set(++last, { at: time + ms, act });
      return last;
    },
    clearTimeout: (timer: unknown) => void timers.delete(timer as number),
    rest,
    async advance(ms: number) {
      const until = time + ms;
      await rest();
      for (;;) {
        const [next] = [...timers].filter(([, { at }]) => at <= until).sort((a, b) => a[1].at - b[1].at);
        if (!next) break;
        timers.delete(next[0]);
        time = Math.max(time, next[1].at);
        next[1].act();
        await rest();
      }
      time = until;
    },
    timers,
  };
}

/** `events` without their `sent_at`, which differs at each try. */
export type Sent = { at: number; events: TrackedEvent[]; sent_at: unknown[]; bytes: number; init: RequestInit };
/** Answers a request; what it throws is a network error, and `hang` never answers. */
export type Answer = (sent: Sent) => Response | Promise<Response>;

export const accept: Answer = ({ events }) => answerTo(events, () => null);
export const unreachable: Answer = () => {
  throw new TypeError("fetch failed");
};
export const hang: Answer = ({ init }) =>
  new Promise((_, fail) => init.signal?.addEventListener("abort", () => fail(new Error("aborted"))));
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  () =>
    Response.json({ detail: `says ${code}` }, { status: code, headers });

/** An answer of the events API, with a result for each event. */
export function answerTo(events: TrackedEvent[], fault: (event: TrackedEvent, index: number) => string | null) {
  const results = events.map((event, index) => {
    const field = fault(event, index);
    return field === null
      ? { index, status: "accepted", event_id: event.event_id }
      : {
          index,
          status: "rejected",
          event_id: null,
          errors: [{ field, code: "invalid", message: `${field} is wrong` }],
        };
  });
  const rejected = results.filter((result) => result.status === "rejected").length;
  const all = rejected === events.length;
  return Response.json(
    { status: all ? 400 : "accepted", accepted: events.length - rejected, rejected, results },
    { status: all ? 400 : 202 },
  );
}

export type Stage = {
  client: Client;
  clock: ReturnType<typeof manualClock>;
  sent: Sent[];
  /** The answers to the next requests, in turn; then `otherwise`. */
  answers: Answer[];
  otherwise: Answer;
  /** The arguments of the callbacks. */
  heard: string[];
};

/** Jitter is at its maximum by default, so that delays are round numbers. */
export function stage(options: Partial<ClientOptions> = {}): Stage {
  const clock = manualClock();
  const sent: Sent[] = [];
  const heard: string[] = [];
  const here: Omit<Stage, "client"> = { clock, sent, answers: [], otherwise: accept, heard };
  let ids = 0;
  const client = createClient({
    url: "https://events.example",
    key: "key",
    clock,
    random: () => 1,
    newId: () => `id-${++ids}`,
    fetch: async (_, init) => {
      const body = String(init.body);
      const all: (TrackedEvent & { sent_at?: unknown })[] = JSON.parse(body).events;
      const request: Sent = {
        at: clock.now(),
        events: all.map(({ sent_at: _, ...event }) => event),
        sent_at: all.map(({ sent_at }) => sent_at),
        bytes: Buffer.byteLength(body),
        init,
      };
      sent.push(request);
      return (here.answers.shift() ?? here.otherwise)(request);
    },
    onRejected: (event, errors) =>
      heard.push(`rejected ${event.event_id} ${errors.map(({ field, code }) => `${field} ${code}`)}`),
    onDropped: (events, reason) => heard.push(`dropped ${events.map(({ event_id }) => event_id)} ${reason}`),
    onState: (state, before) => heard.push(`${before} → ${state}`),
    ...options,
  });
  return Object.assign(here, { client });
}

export const ids = (sent: Sent | undefined): string[] => (sent?.events ?? []).map(({ event_id }) => event_id);
export const spin = (more: object = {}) => ({ event_type: "spin" as const, player_id: "p1", ...more });
export function trackMany(client: Client, count: number, more: object = {}): void {
  for (let n = 0; n < count; n++) client.track(spin(more));
}
