/**
 * The live counters of one project: a projection of the event log, kept in a Durable Object and pushed to the
 * dashboards that listen. It counts an event once by its `seq`, so a delivery can be repeated.
 */

import { DurableObject } from "cloudflare:workers";
import { iso } from "../time.ts";
import { Buckets, startOf } from "./buckets.ts";
import { type Credential, Listeners } from "./listeners.ts";
import type { LiveSettings, Snapshot } from "./messages.ts";
import { type MinuteRow, type MinutesAsked, minuteRows } from "./minutes.ts";
import { PRESENT_MS, Present } from "./present.ts";
import { cellOf, type LiveEvent, streamed, type View } from "./stream.ts";
import { Windows } from "./windows.ts";

const SECOND_MS = 1_000;
const RECENT = 50;
/** For how many sets of tags the windows are kept in memory. */
const VIEWS = 50;

export abstract class Counters extends DurableObject<unknown> {
  readonly #sql: SqlStorage;
  readonly #buckets: Buckets;
  readonly #windows = new Map<string, Windows>();
  #recent: LiveEvent[] = [];
  #present = new Present();
  #applied = 0;
  /** Deliveries of an earlier epoch are outdated: the projection has begun again since. */
  #epoch = 0;
  readonly #listeners: Listeners;

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
    this.#listeners = new Listeners(state, {
      viewOf: (project_id, credential, now) => this.viewOf(project_id, credential, now),
      counts: (settings, view, now) => this.#counts(settings, view, now),
      snapshot: (settings, view, now) => this.#snapshot(settings, view, now),
    });
  }

  /** What a listener may see now; null where they may not listen any more. */
  protected abstract viewOf(project_id: string, credential: Credential, now: number): Promise<View | null>;

  /** Reads the stored state into memory. */
  #remember(): void {
    const [kept] = this.#sql
      .exec<{ applied: number; recent: string; present: string }>("SELECT applied, recent, present FROM state")
      .toArray();
    this.#applied = kept?.applied ?? 0;
    this.#recent = JSON.parse(kept?.recent ?? "[]");
    this.#present = Present.unpack(kept?.present ?? "[]");
    this.#epoch = this.#sql.exec<{ epoch: number }>("SELECT epoch FROM begun").toArray()[0]?.epoch ?? 0;
    this.#buckets.forget();
    this.#windows.clear();
  }

  /** Answers, for `/health`. */
  async ping(): Promise<"pong"> {
    return "pong";
  }

  /** Counts the events that it has not counted yet, then sends the changes to listeners. */
  async apply(settings: LiveSettings, events: LiveEvent[], now: number, epoch = this.#epoch): Promise<void> {
    if (epoch < this.#epoch) return;
    if (epoch > this.#epoch) this.#begin(epoch);
    const fresh = events.filter((event) => event.seq > this.#applied);
    if (fresh.length === 0) return;
    const [applied, recent, present] = [this.#applied, this.#recent, this.#present];
    try {
      this.ctx.storage.transactionSync(() => this.#count(settings, fresh, now));
    } catch (error) {
      // Events that could not be written were not counted: they are delivered again. Buckets are read from storage when they are next asked for.
      [this.#applied, this.#recent, this.#present] = [applied, recent, present];
      this.#buckets.forget();
      this.#windows.clear();
      throw error;
    }
    await this.#listeners.push(settings, countedOf(fresh).slice(0, RECENT), now);
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
   * Removes a person from the stream and from the present visitors; the counts stay. Returns how many events were removed
   * under this token. `persons` are all names of the person; a Worker of an earlier version does not pass them.
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
    await this.#listeners.showAll(now);
    return total;
  }

  /** Removes everything for a rebuild, which begins an epoch, unless events of that epoch were counted already. */
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

  /** Removes everything, as the project was removed. Listeners must connect again, and find no project. */
  async remove(): Promise<void> {
    this.#begin(this.#epoch);
    this.#sql.exec("DELETE FROM erased");
    this.#listeners.disconnectAll();
  }

  async snapshot(settings: LiveSettings, view: View, now: number): Promise<Snapshot> {
    return this.#snapshot(settings, view, now);
  }

  #snapshot(settings: LiveSettings, view: View, now: number): Snapshot {
    return { ...this.#counts(settings, view, now), events: streamed(this.#recent, view) };
  }

  /** Minutes one by one, as far as something was counted: 26 hours back. */
  async minutes(asked: MinutesAsked): Promise<MinuteRow[]> {
    return minuteRows(this.#buckets.read("minutes", asked.from, asked.to), asked);
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

  /** Accepts a listener's WebSocket; that it may listen was checked before. */
  override fetch(request: Request): Promise<Response> {
    return this.#listeners.accept(request);
  }

  /** Closes the connections of these share links; listeners who are still allowed connect again. */
  async disconnect(share_ids: readonly string[]): Promise<void> {
    this.#listeners.disconnect(share_ids);
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    return this.#listeners.answer(socket, message);
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    // 1005 and 1006 only describe; they may not be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code);
  }
}

/** The latest first, without those that are taken back. */
const countedOf = (fresh: readonly LiveEvent[]): LiveEvent[] =>
  // In the stream only the player's id names the person.
  fresh
    .filter((event) => event.takes_back === null)
    .map(({ person: _, visitor: __, ...event }) => event)
    .reverse();
