/**
 * The live counters of one project: a projection of the event log, kept in a Durable Object and pushed to the
 * dashboards that listen. It counts an event once by its `seq`, so a delivery can be repeated.
 */
import { DurableObject } from "cloudflare:workers";
import type { Cell, LiveDimension } from "./bucket.ts";
import { Buckets } from "./buckets.ts";
import { cellOf, type LiveEvent, type StreamedEvent, streamed, type View } from "./stream.ts";
import type { Window } from "./tally.ts";
import { type WindowName, Windows } from "./windows.ts";

export type { StreamedEvent, View } from "./stream.ts";

export type LiveSettings = { project_id: string; timezone: string };

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

/** A view, until when it is to be had (epoch milliseconds), and by which share link. */
export type Listener = View & { until: number; share_id?: string };

/** What a minute counted of a type, of one value of a dimension (`''` is none), in one currency (`''` is no money). */
export type MinuteRow = {
  /** Epoch milliseconds. */
  at: number;
  event_type: string;
  value: string;
  currency: string;
  total: number;
  /** 1/10,000 units. */
  units: bigint;
};

export type MinutesAsked = {
  /** Epoch milliseconds, `from <= at < to`. */
  from: number;
  to: number;
  /** Null: all together. */
  dimension: LiveDimension | null;
  banner_tags: string[] | null;
};

/** The socket is closed with this code when a listener must connect, and perhaps sign in, again. */
const CONNECT_AGAIN = 4000;

const RECENT = 50;
/** Sets of tags whose windows are kept at hand. */
const VIEWS = 50;

export class LiveCounters extends DurableObject<unknown> {
  readonly #sql: SqlStorage;
  readonly #buckets: Buckets;
  readonly #windows = new Map<string, Windows>();
  #recent: LiveEvent[] = [];
  #applied = 0;
  #settings: LiveSettings | null = null;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#buckets = new Buckets(this.#sql);
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 0), applied INTEGER NOT NULL, recent TEXT NOT NULL, settings TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS erased (token TEXT PRIMARY KEY, total INTEGER NOT NULL);`);
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
    for (const event of fresh) {
      const cell = cellOf(event);
      this.#buckets.add(event.at, cell, now);
      for (const windows of this.#windows.values()) windows.add(event.at, cell);
    }
    this.#applied = fresh[fresh.length - 1]?.seq ?? this.#applied;
    this.#recent = [...fresh.slice(-RECENT).reverse(), ...this.#recent].slice(0, RECENT);
    this.#settings = settings;
    // No await in between: the runtime writes all of it as one transaction.
    this.#buckets.store(now);
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
    this.#sql.exec("DELETE FROM state");
    this.#buckets.clear();
    this.#windows.clear();
    this.#recent = [];
    this.#applied = 0;
  }

  /** Forgets everything for good: its project is gone. Whoever listens must connect again, and finds nothing there. */
  async remove(): Promise<void> {
    await this.clear();
    this.#sql.exec("DELETE FROM erased");
    for (const socket of this.ctx.getWebSockets()) socket.close(CONNECT_AGAIN, "connect again");
  }

  async snapshot(settings: LiveSettings, view: View, now: number): Promise<Snapshot> {
    return { ...this.#counts(settings, view, now), events: streamed(this.#recent, view) };
  }

  /** Minutes one by one, as far as something was counted: 26 hours back. */
  async minutes({ from, to, dimension, banner_tags }: MinutesAsked): Promise<MinuteRow[]> {
    const shows = (cell: Cell) => banner_tags === null || banner_tags.includes(cell.banner_tag);
    const rows: MinuteRow[] = [];
    for (const [at, cells] of this.#buckets.read("minutes", from, to)) {
      const minute = new Map<string, MinuteRow>();
      for (const cell of cells) {
        if (!shows(cell)) continue;
        const { event_type, currency, total, units } = cell;
        const value = dimension === null ? "" : cell[dimension];
        const key = [event_type, value, currency].join("\u001f");
        const row = minute.get(key) ?? { at, event_type, value, currency, total: 0, units: 0n };
        row.total += total;
        row.units += units;
        minute.set(key, row);
      }
      rows.push(...minute.values());
    }
    return rows;
  }

  #counts(settings: LiveSettings, { banner_tags }: View, now: number): Omit<Snapshot, "events"> {
    const windows = this.#windowsOf(banner_tags);
    return {
      project_id: settings.project_id,
      timezone: settings.timezone,
      as_of: new Date(now).toISOString(),
      windows: windows.all(settings.timezone, now),
      minutes: windows.minutes(now),
    };
  }

  #windowsOf(tags: string[] | null): Windows {
    const name = JSON.stringify(tags);
    const windows = this.#windows.get(name) ?? new Windows(this.#buckets, tags);
    // The one that was asked for longest ago stands first.
    this.#windows.delete(name);
    this.#windows.set(name, windows);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > VIEWS && oldest !== undefined) this.#windows.delete(oldest);
    return windows;
  }

  /** Takes a listener's WebSocket; who may listen was decided before. */
  override async fetch(request: Request): Promise<Response> {
    const { settings, listener } = JSON.parse(request.headers.get("x-listener") ?? "null") as {
      settings: LiveSettings;
      listener: Listener;
    };
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, listener.share_id === undefined ? [] : [listener.share_id]);
    server.serializeAttachment({ settings, listener });
    await this.webSocketMessage(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Closes what came by these share links: whoever still may connects again. */
  async disconnect(share_ids: readonly string[]): Promise<void> {
    for (const share_id of share_ids)
      for (const socket of this.ctx.getWebSockets(share_id)) socket.close(CONNECT_AGAIN, "connect again");
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
