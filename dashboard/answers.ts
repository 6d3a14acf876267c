/** Answers of the API that the page shows: requested once for all their readers, and kept while they are refreshed or fail. */
import { useEffect, useReducer, useRef } from "preact/hooks";
import { ApiError, lagOf } from "./api.ts";
import { words } from "./words.ts";

/** A query to the API; equal keys are the same query. */
export type Query<Data> = {
  key: string;
  ask: (signal: AbortSignal) => Promise<Data>;
  /** New events do not change the answer, so it is not refreshed. */
  steady?: boolean;
};

type Entry = {
  data: unknown;
  error: ApiError | undefined;
  query: Query<unknown>;
  listeners: Set<() => void>;
  asking: AbortController | null;
  /** Something changed while the answer was under way. */
  again: boolean;
};

/** How many answers that are not shown are kept for Back. */
const KEPT = 40;
const entries = new Map<string, Entry>();

const tell = (entry: Entry) => {
  for (const listener of entry.listeners) listener();
  for (const watcher of watchers) watcher();
};

async function fetchEntry(entry: Entry): Promise<void> {
  if (entry.asking) {
    entry.again = true;
    return;
  }
  const asking = new AbortController();
  entry.asking = asking;
  tell(entry);
  try {
    entry.data = await entry.query.ask(asking.signal);
    entry.error = undefined;
  } catch (error) {
    if (asking.signal.aborted) return;
    entry.error = error instanceof ApiError ? error : new ApiError(0, words.common.somethingWentWrong, String(error));
  }
  if (entry.asking !== asking) return;
  entry.asking = null;
  tell(entry);
  const { error } = entry;
  if (error?.again !== undefined)
    setTimeout(() => entry.error === error && entry.listeners.size > 0 && void fetchEntry(entry), error.again * 1_000);
  if (entry.again && entry.listeners.size > 0) {
    entry.again = false;
    void fetchEntry(entry);
  }
}

function entryOf<Data>(query: Query<Data>): Entry {
  const known = entries.get(query.key);
  if (known) {
    // Refreshing may have been paused or resumed meanwhile.
    known.query = query;
    return known;
  }
  const entry: Entry = {
    data: undefined,
    error: undefined,
    query,
    listeners: new Set(),
    asking: null,
    again: false,
  };
  entries.set(query.key, entry);
  for (const [key, old] of entries) {
    if (entries.size <= KEPT) break;
    if (old.listeners.size === 0 && old !== entry) entries.delete(key);
  }
  return entry;
}

function listen(entry: Entry, listener: () => void): () => void {
  // Another part of the page shows this answer and already refreshes it.
  const fresh = entry.listeners.size > 0 && entry.data !== undefined && !entry.error;
  entry.listeners.add(listener);
  if (!entry.asking && !fresh) void fetchEntry(entry);
  else listener();
  return () => {
    entry.listeners.delete(listener);
    if (entry.listeners.size > 0) return;
    entry.asking?.abort();
    entry.asking = null;
    entry.again = false;
  };
}

/** The answer to a question that is part of another one: the page's, where it has it or asks for it already. */
export function answerFor<Data>({ key, ask }: Query<Data>, signal: AbortSignal): Promise<Data> {
  const entry = entryOf({ key, ask });
  return new Promise((resolve, reject) => {
    let leave = () => {};
    const settle = () => {
      if (entry.asking) return;
      leave();
      if (entry.error) reject(entry.error);
      else resolve(entry.data as Data);
    };
    signal.addEventListener("abort", () => leave());
    leave = listen(entry, settle);
    if (!entry.asking) leave();
  });
}

/** Requests everything on the page again. */
export function refreshAnswers(): void {
  for (const entry of entries.values()) {
    if (entry.listeners.size > 0 && !entry.query.steady) void fetchEntry(entry);
  }
}

/**
 * Requests it again every so many milliseconds while the page is visible, for answers that change without any event. Null:
 * never.
 */
export function useRefreshing(ms: number | null): void {
  useEffect(() => {
    if (ms === null) return;
    const timer = setInterval(() => !document.hidden && refreshAnswers(), ms);
    return () => clearInterval(timer);
  }, [ms]);
}

/** Those who are called at any change of any query. */
const watchers = new Set<() => void>();

/** Why answers on the page are not up to date: the error, undefined where there is none, and how many events the figures lack. */
export function useStaleness(): { error: ApiError | undefined; loading: boolean; lag: number } {
  const [, render] = useReducer((turn: number, _: undefined) => turn + 1, 0);
  useEffect(() => {
    const watcher = () => render(undefined);
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  }, []);
  const shown = [...entries.values()].filter((entry) => entry.listeners.size > 0 && entry.data !== undefined);
  const failed = shown.filter((entry) => entry.error);
  return {
    error: failed[0]?.error,
    loading: failed.some((entry) => entry.asking !== null),
    lag: Math.max(0, ...shown.map((entry) => lagOf(entry.data))),
  };
}

/** Forgets everything, as the next person may not see what this one was shown. */
export function forgetAnswers(): void {
  entries.clear();
}

export type Answer<Data> = {
  data: Data | undefined;
  /** The data are of an earlier query, while this one is being requested. */
  stale: boolean;
  loading: boolean;
  error: ApiError | undefined;
  retry: () => void;
};

/** The answer to a query; null asks nothing. */
export function useAnswer<Data>(query: Query<Data> | null): Answer<Data> {
  const [, render] = useReducer((turn: number, _: undefined) => turn + 1, 0);
  const last = useRef<Data | undefined>(undefined);
  const key = query?.key;
  const entry = query ? entryOf(query) : undefined;
  // The key identifies the query and its entry.
  useEffect(() => (entry ? listen(entry, () => render(undefined)) : undefined), [key]);
  const answered = entry?.data as Data | undefined;
  if (answered !== undefined) last.current = answered;
  return {
    data: query ? (answered ?? last.current) : undefined,
    stale: answered === undefined && last.current !== undefined,
    loading: entry?.asking != null || (entry !== undefined && answered === undefined && !entry.error),
    error: entry?.error,
    retry: () => entry && void fetchEntry(entry),
  };
}
