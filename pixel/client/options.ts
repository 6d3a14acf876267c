/** The options of a client. */
import type { BackOffPolicy, BreakerPolicy, BreakerState } from "./breaker.ts";
import type { CommonFields, DropReason, Rejection, TrackedEvent } from "./events.ts";

export type Clock = {
  /** Epoch milliseconds. */
  now(): number;
  setTimeout(act: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
};
/** The source of events when a page is left: `window`. */
export type Page = {
  readonly document: { readonly visibilityState: string };
  addEventListener(type: string, listener: (event: { type: string }) => void): void;
  removeEventListener(type: string, listener: (event: { type: string }) => void): void;
};
export type Defaults = Partial<CommonFields>;

export type ClientOptions = {
  /** The address of Edgepixel, such as `https://events.example.com`. */
  url: string;
  /** A key with the role `collect`. */
  key: string;
  /** Fields for every event; a function is called at each `track`. The fields of the event take precedence. */
  defaults?: Defaults | (() => Defaults) | undefined;
  /** The most events of a request; 500, which is also the server's limit. */
  batchEvents?: number | undefined;
  /** The most bytes of a request; 512 KB, which is also the server's limit, and 60 KB in a browser. */
  batchBytes?: number | undefined;
  /** For how many milliseconds an event waits for others; 1,000. */
  flushInterval?: number | undefined;
  /** The most events that are kept, including those in flight; 10,000. */
  bufferEvents?: number | undefined;
  /** Which event is dropped when the buffer is full; `oldest`. */
  drop?: "oldest" | "newest" | undefined;
  /** Milliseconds after which an event that could not be delivered is dropped; 24 hours. */
  giveUpAfter?: number | undefined;
  /** Milliseconds for a request and its answer; 10,000. */
  timeout?: number | undefined;
  /** Milliseconds: a retry waits a random part of `first`, doubled at each failure up to `longest`; 500 and 30,000. */
  backOff?: Partial<BackOffPolicy> | undefined;
  /** Opens after 5 failures in a row, for 5,000 ms, doubled at each further opening up to 60,000. */
  breaker?: Partial<BreakerPolicy> | undefined;
  /** An event was refused, and will not be sent again. Without this a warning is logged, once for each message. */
  onRejected?: ((event: TrackedEvent, errors: Rejection[]) => void) | undefined;
  /** Events were dropped. Without this a warning is logged, once for each reason. */
  onDropped?: ((events: TrackedEvent[], reason: DropReason) => void) | undefined;
  /** The circuit breaker's state changed. */
  onState?: ((state: BreakerState, before: BreakerState) => void) | undefined;
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  clock?: Clock | undefined;
  /** From 0 up to 1, for the jitter. */
  random?: (() => number) | undefined;
  newId?: ((now: number) => string) | undefined;
  page?: Page | undefined;
};
