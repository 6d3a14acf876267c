/**
 * The live counters of one project: a projection of the event log, kept in a Durable Object and pushed to the
 * dashboards that listen. It counts an event once by its `seq`, so a delivery can be repeated.
 */
import { DurableObject } from "cloudflare:workers";
import { startOfLocalDay } from "../calendar.ts";
import { formatMoney } from "../money.ts";
import {
  add,
  type Cells,
  cellsOf,
  describe,
  type LiveEvent,
  MINUTES_KEPT,
  SECONDS_KEPT,
  sumBetween,
  WINDOWS,
  type Window,
  type WindowName,
} from "./windows.ts";

export type LiveSettings = { project_id: string; timezone: string };

/** An event as the stream shows it; `player_id` is null for those who may not see it. */
export type StreamedEvent = {
  event_id: string;
  event_type: string;
  player_id: string | null;
  banner_tag: string | null;
  country: string | null;
  device: string | null;
  app_id: string | null;
  amount: string | null;
  currency: string | null;
  timestamp: string;
};

export type Snapshot = {
  project_id: string;
  timezone: string;
  /** The instant up to which the windows reach. */
  as_of: string;
  windows: Record<WindowName, Window>;
  /** The last 60 minutes, oldest first, the running one last. */
  minutes: { minute: string; by_type: Record<string, number> }[];
  /** The newest first, at most 50. */
  events: StreamedEvent[];
};

/** What the WebSocket sends: all of it on connecting and on request, then what changes. */
export type LiveMessage =
  | ({ type: "snapshot" } & Snapshot)
  | ({ type: "counts" } & Omit<Snapshot, "events">)
  | { type: "events"; events: StreamedEvent[] };

/** What may be shown: who did it, and of which tags (null is all). */
export type View = { personal: boolean; banner_tags: string[] | null };

/** A view, and until when it is to be had (epoch milliseconds). */
export type Listener = View & { until: number };

/** The socket is closed with this code when a listener must connect, and perhaps sign in, again. */
const CONNECT_AGAIN = 4000;

const RECENT = 50;
const BUCKETS = { seconds: 1_000, minutes: 60_000 } as const;
type BucketTable = keyof typeof BUCKETS;

export class LiveCounters extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  readonly #buckets: Record<BucketTable, Map<number, Cells>> = { seconds: new Map(), minutes: new Map() };
  #recent: LiveEvent[] = [];
  #applied = 0;
  #settings: LiveSettings | null = null;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS seconds (at INTEGER PRIMARY KEY, cells TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS minutes (at INTEGER PRIMARY KEY, cells TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 0), applied INTEGER NOT NULL, recent TEXT NOT NULL, settings TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS erased (token TEXT PRIMARY KEY, total INTEGER NOT NULL);`);
    for (const table of Object.keys(BUCKETS) as BucketTable[]) {
      for (const row of this.#sql.exec<{ at: number; cells: string }>(`SELECT at, cells FROM ${table}`)) {
        this.#buckets[table].set(row.at, JSON.parse(row.cells));
      }
    }
    const kept = this.#sql
      .exec<{ applied: number; recent: string; settings: string }>("SELECT * FROM state")
      .toArray()[0];
    if (kept) {
      this.#applied = kept.applied;
      this.#recent = JSON.parse(kept.recent);
      this.#settings = JSON.parse(kept.settings);
    }
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** Answers, for `/health`. */
  async ping(): Promise<"pong"> {
    return "pong";
  }

  /** Counts what it has not counted yet, then tells who listens. */
  async apply(settings: LiveSettings, events: LiveEvent[], now: number): Promise<void> {
    const fresh = events.filter((event) => event.seq > this.#applied);
    if (fresh.length === 0) return;
    const touched = { seconds: new Set<number>(), minutes: new Set<number>() };
    const oldest = { seconds: now - SECONDS_KEPT * 1_000, minutes: now - MINUTES_KEPT * 60_000 };
    for (const event of fresh) {
      const cells = Object.fromEntries(cellsOf(event).map((cell) => [cell, 1]));
      for (const table of Object.keys(BUCKETS) as BucketTable[]) {
        if (event.at < oldest[table]) continue;
        const at = Math.floor(event.at / BUCKETS[table]);
        const bucket = this.#buckets[table].get(at) ?? {};
        add(bucket, cells);
        this.#buckets[table].set(at, bucket);
        touched[table].add(at);
      }
    }
    this.#applied = fresh[fresh.length - 1]?.seq ?? this.#applied;
    this.#recent = [...fresh.slice(-RECENT).reverse(), ...this.#recent].slice(0, RECENT);
    this.#settings = settings;
    // No await in between: the runtime writes all of it as one transaction.
    for (const table of Object.keys(BUCKETS) as BucketTable[]) {
      for (const at of touched[table]) {
        this.#sql.exec(
          `INSERT OR REPLACE INTO ${table} (at, cells) VALUES (?, ?)`,
          at,
          JSON.stringify(this.#buckets[table].get(at)),
        );
      }
      const limit = Math.floor(oldest[table] / BUCKETS[table]);
      const expired = [...this.#buckets[table].keys()].filter((at) => at < limit);
      for (const at of expired) this.#buckets[table].delete(at);
      if (expired.length > 0) this.#sql.exec(`DELETE FROM ${table} WHERE at < ?`, limit);
    }
    this.#sql.exec(
      "INSERT OR REPLACE INTO state (id, applied, recent, settings) VALUES (0, ?, ?, ?)",
      this.#applied,
      JSON.stringify(this.#recent),
      JSON.stringify(settings),
    );
    this.#push(fresh.slice(-RECENT).reverse(), now);
  }

  /** Takes a person out of the stream; the counts stay. Returns how many events there were under this token. */
  async forget(token: string, player_ids: readonly string[], pattern: string, now: number): Promise<number> {
    const names = new RegExp(pattern, "iu");
    const kept = this.#recent.filter(
      ({ player_id, event_id }) => !(player_id !== null && player_ids.includes(player_id)) && !names.test(event_id),
    );
    const { total } = this.#sql
      .exec<{ total: number }>(
        `INSERT INTO erased (token, total) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET total = total + excluded.total RETURNING total`,
        token,
        this.#recent.length - kept.length,
      )
      .one();
    this.#recent = kept;
    this.#sql.exec("UPDATE state SET recent = ?", JSON.stringify(kept));
    for (const socket of this.ctx.getWebSockets()) {
      const { settings, listener } = socket.deserializeAttachment() as { settings: LiveSettings; listener: Listener };
      send(socket, { type: "snapshot", ...(await this.snapshot(settings, listener, now)) });
    }
    return total;
  }

  /** Forgets everything, for a rebuild. */
  async clear(): Promise<void> {
    for (const table of ["seconds", "minutes", "state"]) this.#sql.exec(`DELETE FROM ${table}`);
    this.#buckets.seconds.clear();
    this.#buckets.minutes.clear();
    this.#recent = [];
    this.#applied = 0;
  }

  async snapshot(settings: LiveSettings, view: View, now: number): Promise<Snapshot> {
    return { ...this.#counts(settings, view, now), events: streamed(this.#recent, view) };
  }

  #counts(settings: LiveSettings, { banner_tags }: View, now: number): Omit<Snapshot, "events"> {
    const second = Math.floor(now / 1_000) + 1;
    const minute = Math.floor(now / 60_000);
    const windows = Object.fromEntries(
      Object.entries(WINDOWS).map(([name, length]) => [
        name,
        describe(sumBetween(this.#buckets.seconds, second - length, second), banner_tags),
      ]),
    ) as Record<WindowName, Window>;
    const midnight = Math.floor(startOfLocalDay(settings.timezone, now) / 60_000);
    windows.today = describe(sumBetween(this.#buckets.minutes, midnight, minute + 1), banner_tags);
    return {
      project_id: settings.project_id,
      timezone: settings.timezone,
      as_of: new Date(now).toISOString(),
      windows,
      minutes: Array.from({ length: 60 }, (_, index) => minute - 59 + index).map((at) => ({
        minute: new Date(at * 60_000).toISOString(),
        by_type: describe(this.#buckets.minutes.get(at) ?? {}, banner_tags).by_type,
      })),
    };
  }

  /** Takes a listener's WebSocket; who may listen was decided before. */
  override async fetch(request: Request): Promise<Response> {
    const { settings, listener } = JSON.parse(request.headers.get("x-listener") ?? "null") as {
      settings: LiveSettings;
      listener: Listener;
    };
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ settings, listener });
    await this.webSocketMessage(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Whatever a listener says, it means "tell me again": windows run on while nothing happens. */
  override async webSocketMessage(socket: WebSocket): Promise<void> {
    const { settings, listener } = socket.deserializeAttachment() as { settings: LiveSettings; listener: Listener };
    const now = Date.now();
    if (now > listener.until) return socket.close(CONNECT_AGAIN, "connect again");
    send(socket, { type: "snapshot", ...(await this.snapshot(settings, listener, now)) });
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    // 1005 and 1006 only describe; they may not be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code);
  }

  #push(fresh: LiveEvent[], now: number): void {
    const sockets = this.ctx.getWebSockets();
    if (sockets.length === 0 || !this.#settings) return;
    const settings = this.#settings;
    const countsFor = new Map<string, LiveMessage>();
    for (const socket of sockets) {
      const { listener } = socket.deserializeAttachment() as { listener: Listener };
      if (now > listener.until) {
        socket.close(CONNECT_AGAIN, "connect again");
        continue;
      }
      const view = JSON.stringify(listener.banner_tags);
      const counts = countsFor.get(view) ?? { type: "counts", ...this.#counts(settings, listener, now) };
      countsFor.set(view, counts);
      send(socket, counts);
      const events = streamed(fresh, listener);
      if (events.length > 0) send(socket, { type: "events", events });
    }
  }
}

function send(socket: WebSocket, message: LiveMessage): void {
  try {
    socket.send(JSON.stringify(message));
  } catch {
    // It has gone away between two sends; its close handler follows.
  }
}

function streamed(events: LiveEvent[], { personal, banner_tags }: View): StreamedEvent[] {
  const visible = banner_tags === null ? events : events.filter((event) => banner_tags.includes(event.banner_tag));
  return visible.map((event) => ({
    event_id: event.event_id,
    event_type: event.event_type,
    player_id: personal ? event.player_id : null,
    banner_tag: event.banner_tag || null,
    country: event.country || null,
    device: event.device || null,
    app_id: event.app_id || null,
    amount: event.amount === null ? null : formatMoney(event.amount),
    currency: event.currency,
    timestamp: new Date(event.at).toISOString(),
  }));
}
