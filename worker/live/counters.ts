/**
 * The live counters of one project: a projection of the event log, kept in a Durable Object and pushed to the
 * dashboards that listen. It counts an event once by its `seq`, so a delivery can be repeated.
 */

import { DurableObject } from "cloudflare:workers";
import { log } from "../log.ts";
import { iso } from "../time.ts";
import { type Cell, type LiveDimension, OTHER } from "./bucket.ts";
import { Buckets, startOf } from "./buckets.ts";
import { PRESENT_MS, Present } from "./present.ts";
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
  /** Distinct people with an event in the last 5 minutes. */
  visitors_now: number;
  windows: Record<WindowName, Window>;
  /** The last 60 minutes, oldest first, the running one last. */
  minutes: { minute: string; by_type: Record<string, number> }[];
  /** The newest first, at most 50. */
  events: StreamedEvent[];
};

/** The messages of the WebSocket: all figures on connecting and on request, then the changes. */
export type LiveMessage =
  | ({ type: "snapshot" } & Snapshot)
  | ({ type: "counts" } & Omit<Snapshot, "events">)
  | { type: "events"; events: StreamedEvent[] };

/** By what somebody listens; what they may see follows from it, and is looked up again and again. */
export type Credential = {
  /** Null: ADMIN_TOKEN, or a share link. */
  key_id: string | null;
  share_id?: string;
  /** For a session of the dashboard: its id, and when it began (epoch milliseconds). */
  session?: { id: string; began_at: number };
};
/** `until` is when they must connect again, epoch milliseconds. */
export type Listener = { credential: Credential; until: number };

/** What a socket carries while its object sleeps: some hundred bytes, whatever the listener may see. */
type Attachment = {
  settings: LiveSettings;
  listener: Listener;
  /** How many messages came since when. */
  asked: { since: number; messages: number };
};

/** The counts of a minute: of a type, of one value of a dimension (`''` is none), in one currency (`''` is no money). */
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
  /**
   * Only what has this value of a field, and what was counted together with others (`OTHER`), which may have it. A Worker
   * of an earlier version, which can be there for a moment at an upgrade, does not say.
   */
  filter?: { field: LiveDimension; value: string } | null;
  banner_tags: string[] | null;
};

/** The socket is closed with this code when a listener must connect, and perhaps sign in, again. */
const CONNECT_AGAIN = 4000;

/** So long a listener's right is taken as it was looked up. With what an isolate remembers of a key it is 30 seconds. */
const RIGHT_MS = 10_000;
const RIGHTS_KEPT = 1_000;

/** What a listener may send: a few words now and then, of which some are answered with a snapshot. */
const MESSAGES = { characters: 256, windowMs: 10_000, answered: 5, most: 50 };
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

const SECOND_MS = 1_000;
const RECENT = 50;
/** Sets of tags whose windows are kept at hand. */
const VIEWS = 50;

export abstract class Counters extends DurableObject<unknown> {
  readonly #sql: SqlStorage;
  readonly #buckets: Buckets;
  readonly #windows = new Map<string, Windows>();
  #recent: LiveEvent[] = [];
  #present = new Present();
  #applied = 0;
  #settings: LiveSettings | null = null;
  /** Deliveries of an earlier epoch are of a projection that has begun again since. */
  #epoch = 0;
  readonly #rights = new Map<string, { view: Promise<View | null>; at: number }>();
  /** The figures that a socket was shown last, as far as they are remembered. */
  readonly #shown = new WeakMap<WebSocket, string>();

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#buckets = new Buckets(this.#sql);
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 0), applied INTEGER NOT NULL, recent TEXT NOT NULL, settings TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS erased (token TEXT PRIMARY KEY, total INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS begun (id INTEGER PRIMARY KEY CHECK (id = 0), epoch INTEGER NOT NULL);`);
    const columns = this.#sql.exec<{ name: string }>("SELECT name FROM pragma_table_info('state')").toArray();
    // An object of an earlier version has a table without it.
    if (!columns.some(({ name }) => name === "present"))
      this.#sql.exec("ALTER TABLE state ADD COLUMN present TEXT NOT NULL DEFAULT '[]'");
    this.#remember();
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** What a listener may see now; null where they may not listen any more. */
  protected abstract viewOf(project_id: string, credential: Credential, now: number): Promise<View | null>;

  /** Makes memory what storage has. */
  #remember(): void {
    const [kept] = this.#sql
      .exec<{ applied: number; recent: string; settings: string; present: string }>("SELECT * FROM state")
      .toArray();
    this.#applied = kept?.applied ?? 0;
    this.#recent = JSON.parse(kept?.recent ?? "[]");
    this.#present = Present.unpack(kept?.present ?? "[]");
    this.#settings = JSON.parse(kept?.settings ?? "null");
    this.#epoch = this.#sql.exec<{ epoch: number }>("SELECT epoch FROM begun").toArray()[0]?.epoch ?? 0;
    this.#buckets.forget();
    this.#windows.clear();
  }

  /** Answers, for `/health`. */
  async ping(): Promise<"pong"> {
    return "pong";
  }

  /** Counts what it has not counted yet, then sends it to who listens. */
  async apply(settings: LiveSettings, events: LiveEvent[], now: number, epoch = this.#epoch): Promise<void> {
    if (epoch < this.#epoch) return;
    if (epoch > this.#epoch) this.#begin(epoch);
    const fresh = events.filter((event) => event.seq > this.#applied);
    if (fresh.length === 0) return;
    const [applied, recent, before, present] = [this.#applied, this.#recent, this.#settings, this.#present];
    try {
      this.ctx.storage.transactionSync(() => this.#count(settings, fresh, now));
    } catch (error) {
      // Events that could not be written were not counted: they are delivered again. Buckets are read from storage when they are next asked for.
      [this.#applied, this.#recent, this.#settings, this.#present] = [applied, recent, before, present];
      this.#buckets.forget();
      this.#windows.clear();
      throw error;
    }
    await this.#push(countedOf(fresh).slice(0, RECENT), now);
  }

  #count(settings: LiveSettings, fresh: LiveEvent[], now: number): void {
    for (const event of fresh) {
      const cell = cellOf(event);
      this.#buckets.add(event.at, cell, now);
      for (const windows of this.#windows.values()) windows.add(event.at, cell);
    }
    this.#applied = fresh[fresh.length - 1]?.seq ?? this.#applied;
    const takenBack = new Set(fresh.map((event) => event.takes_back));
    this.#present = this.#present.after(fresh, now);
    this.#recent = [...countedOf(fresh), ...this.#recent].filter((event) => !takenBack.has(event.seq)).slice(0, RECENT);
    this.#settings = settings;
    this.#buckets.store(now);
    this.#sql.exec(
      "INSERT OR REPLACE INTO state (id, applied, recent, settings, present) VALUES (0, ?, ?, ?, ?)",
      this.#applied,
      JSON.stringify(this.#recent),
      JSON.stringify(settings),
      this.#present.pack(),
    );
  }

  /**
   * Takes a person out of the stream and of who is there; the counts stay. Returns how many events there were under this
   * token. `persons` are all names of the person, which a Worker of an earlier version does not say.
   */
  async forget(
    token: string,
    player_ids: readonly string[],
    pattern: string,
    now: number,
    persons: readonly string[] = player_ids,
  ): Promise<number> {
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
    this.#present = this.#present.without(persons);
    this.#sql.exec("UPDATE state SET recent = ?, present = ?", JSON.stringify(kept), this.#present.pack());
    for (const socket of this.ctx.getWebSockets()) await this.#showAll(socket, now);
    return total;
  }

  /** Forgets everything, for a rebuild, which is the beginning of an epoch. Not again what has come in it already. */
  async clear(epoch: number): Promise<void> {
    if (epoch > this.#epoch) this.#begin(epoch);
  }

  #begin(epoch: number): void {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec("DELETE FROM state");
      this.#buckets.clear();
      this.#sql.exec("INSERT OR REPLACE INTO begun (id, epoch) VALUES (0, ?)", epoch);
    });
    this.#remember();
  }

  /** Forgets everything for good: its project is gone. Listeners must connect again, and find nothing there. */
  async remove(): Promise<void> {
    this.#begin(this.#epoch);
    this.#sql.exec("DELETE FROM erased");
    for (const socket of this.ctx.getWebSockets()) socket.close(CONNECT_AGAIN, "connect again");
  }

  async snapshot(settings: LiveSettings, view: View, now: number): Promise<Snapshot> {
    return { ...this.#counts(settings, view, now), events: streamed(this.#recent, view) };
  }

  /** Minutes one by one, as far as something was counted: 26 hours back. */
  async minutes({ from, to, dimension, filter = null, banner_tags }: MinutesAsked): Promise<MinuteRow[]> {
    const isAny = (cell: Cell) => filter !== null && cell[filter.field] === OTHER;
    const shows = (cell: Cell) =>
      (banner_tags === null || banner_tags.includes(cell.banner_tag)) &&
      (filter === null || cell[filter.field] === filter.value || isAny(cell));
    const rows: MinuteRow[] = [];
    for (const [at, cells] of this.#buckets.read("minutes", from, to)) {
      const minute = new Map<string, MinuteRow>();
      for (const cell of cells) {
        if (!shows(cell)) continue;
        const { event_type, currency, total, units } = cell;
        const value = isAny(cell) ? OTHER : dimension === null ? "" : cell[dimension];
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

  #counts(settings: LiveSettings, { banner_tags, hide_amounts }: View, now: number): Omit<Snapshot, "events"> {
    const windows = this.#windowsOf(banner_tags);
    return {
      project_id: settings.project_id,
      timezone: settings.timezone,
      as_of: iso(now),
      visitors_now: this.#present.count(banner_tags, startOf("seconds", now) + SECOND_MS - PRESENT_MS),
      windows: windows.all(settings.timezone, now, hide_amounts === true),
      minutes: windows.minutes(now),
    };
  }

  #windowsOf(tags: string[] | null): Windows {
    const name = JSON.stringify(tags);
    const windows = this.#windows.get(name) ?? new Windows(this.#buckets, tags);
    // The one that was asked for longest ago comes first.
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
    const { share_id } = listener.credential;
    const now = Date.now();
    this.ctx.acceptWebSocket(server, share_id === undefined ? [] : [share_id]);
    server.serializeAttachment({ settings, listener, asked: { since: now, messages: 0 } } satisfies Attachment);
    await this.#showAll(server, now);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Closes the connections by these share links: listeners who still may connect again. */
  async disconnect(share_ids: readonly string[]): Promise<void> {
    for (const share_id of share_ids)
      for (const socket of this.ctx.getWebSockets(share_id)) socket.close(CONNECT_AGAIN, "connect again");
  }

  /** Whatever a listener says, it means "tell me again": windows run on while nothing happens. */
  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const size = typeof message === "string" ? message.length : message.byteLength;
    if (size > MESSAGES.characters) return socket.close(TOO_BIG, "too large");
    const now = Date.now();
    const attached = attachmentOf(socket);
    const before = attached.asked;
    const { since, messages } = now < before.since + MESSAGES.windowMs ? before : { since: now, messages: 0 };
    if (messages >= MESSAGES.most) return socket.close(POLICY_VIOLATION, "too many messages");
    socket.serializeAttachment({ ...attached, asked: { since, messages: messages + 1 } } satisfies Attachment);
    if (messages < MESSAGES.answered) await this.#showAll(socket, now);
  }

  /** The figures that a socket may be shown now. Null: none; a socket that stays without is closed. */
  async #viewFor(socket: WebSocket, now: number): Promise<View | null> {
    const { settings, listener } = attachmentOf(socket);
    if (now > listener.until) {
      socket.close(CONNECT_AGAIN, "connect again");
      return null;
    }
    try {
      const view = await this.#rightOf(settings.project_id, listener.credential, now);
      if (view === null) socket.close(CONNECT_AGAIN, "connect again");
      return view;
    } catch (error) {
      // Nothing is shown on trust; the next event asks again.
      log("warn", "listener not looked up", { project_id: settings.project_id, error: String(error) });
      return null;
    }
  }

  /** Looked up once for all sockets of a credential, and only while something is shown: an object that sleeps asks nothing. */
  #rightOf(project_id: string, credential: Credential, now: number): Promise<View | null> {
    const name = JSON.stringify(credential);
    const known = this.#rights.get(name);
    if (known && now < known.at + RIGHT_MS) return known.view;
    const view = this.viewOf(project_id, credential, now);
    if (this.#rights.size >= RIGHTS_KEPT) this.#rights.clear();
    this.#rights.set(name, { view, at: now });
    view.catch(() => this.#rights.delete(name));
    return view;
  }

  async #showAll(socket: WebSocket, now: number): Promise<void> {
    const view = await this.#viewFor(socket, now);
    if (view === null) return;
    this.#shown.set(socket, JSON.stringify(view));
    send(socket, { type: "snapshot", ...(await this.snapshot(attachmentOf(socket).settings, view, now)) });
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    // 1005 and 1006 only describe; they may not be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code);
  }

  async #push(fresh: LiveEvent[], now: number): Promise<void> {
    const sockets = this.ctx.getWebSockets();
    if (sockets.length === 0 || !this.#settings) return;
    const settings = this.#settings;
    const countsFor = new Map<string, LiveMessage>();
    for (const socket of sockets) {
      const view = await this.#viewFor(socket, now);
      if (view === null) continue;
      const name = JSON.stringify(view);
      if ((this.#shown.get(socket) ?? name) !== name) {
        await this.#showAll(socket, now);
        continue;
      }
      this.#shown.set(socket, name);
      const counts = countsFor.get(name) ?? { type: "counts", ...this.#counts(settings, view, now) };
      countsFor.set(name, counts);
      send(socket, counts);
      const events = streamed(fresh, view);
      if (events.length > 0) send(socket, { type: "events", events });
    }
  }
}

const attachmentOf = (socket: WebSocket) => socket.deserializeAttachment() as Attachment;

/** The latest first, without those that are taken back. */
const countedOf = (fresh: readonly LiveEvent[]): LiveEvent[] =>
  // The stream does not say whose it is but by the player's id.
  fresh
    .filter((event) => event.takes_back === null)
    .map(({ person: _, visitor: __, ...event }) => event)
    .reverse();

function send(socket: WebSocket, message: LiveMessage): void {
  try {
    socket.send(JSON.stringify(message));
  } catch {
    // The socket was closed between two sends; its close handler follows.
  }
}
