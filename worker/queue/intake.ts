/**
 * Gathers the events of a free plan before its queue, whose operations a day are few: a Durable Object, since a low rate of events
 * leaves nothing to gather within one isolate. What it has taken is in its storage, and leaves that when the queue has it: a crash in
 * between sends a message twice, and the log counts an event once. Why: docs/adr/0014-intake.md.
 */
import { DurableObject } from "cloudflare:workers";
import type { EventMessage } from "../event.ts";
import { log } from "../log.ts";
import { type Allowance, NEW_ALLOWANCE, nextAt, spent } from "./allowance.ts";
import { EVENTS_A_MESSAGE, MOST_BYTES } from "./message.ts";

/** Bytes of events in a message that takes more: with its request ids fewer than the 64 KB that one operation of a queue carries. */
const ROOM = 60_000;
/** The pause after the queue has refused a message. */
const PAUSE_MS = 30_000;
/** Messages of one alarm: an invocation of the free plan has 50 calls. */
const MOST = 40;

/** A message that is being gathered: two JSON arrays without their brackets, and how many events there are. */
type Row = { id: number; total: number; bytes: number; request_ids: string; events: string };
/** The messages that are left for the day, and since when the queue takes none. */
type Sending = Allowance & { refused_since: number | null };

/** The events that wait, and since when the queue takes none of them, in epoch milliseconds. */
export type IntakeState = { messages: number; events: number; refused_since: number | null };

export class Intake extends DurableObject<Pick<Env, "EVENTS" | "LOCAL">> {
  readonly #sql: SqlStorage;
  /** The row that is being sent to the queue: nothing is added to it. */
  #leaving: number | null = null;
  /** Whether an alarm runs, which sets the next one itself. */
  #running = false;

  constructor(state: DurableObjectState, env: Pick<Env, "EVENTS" | "LOCAL">) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, total INTEGER NOT NULL, bytes INTEGER NOT NULL,
        request_ids TEXT NOT NULL, events TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS sending (id INTEGER PRIMARY KEY, saved REAL NOT NULL, full INTEGER NOT NULL,
        at INTEGER NOT NULL, refused_since INTEGER);`);
  }

  /** Resolves when the events are stored, as the runtime holds answers back until then: one row, and one for an alarm where none is set. */
  async take({ events, request_ids = [] }: EventMessage): Promise<void> {
    const added = inside(events);
    const bytes = encoder.encode(added).length;
    // The sender gets the error now: in the storage, a message that the queue never takes would hold up all others.
    if (bytes > MOST_BYTES) throw new RangeError(`A message of ${bytes} bytes is more than the queue takes.`);
    const ids = inside(request_ids);
    const open = this.#newest();
    if (open && open.id !== this.#leaving && hasRoom(open, events.length, bytes)) {
      this.#sql.exec(
        "UPDATE messages SET total = ?, bytes = ?, request_ids = ?, events = ? WHERE id = ?",
        open.total + events.length,
        open.bytes + bytes,
        joined(open.request_ids, ids),
        joined(open.events, added),
        open.id,
      );
    } else {
      this.#sql.exec(
        "INSERT INTO messages (total, bytes, request_ids, events) VALUES (?, ?, ?, ?)",
        events.length,
        bytes,
        ids,
        added,
      );
    }
    if (!this.#running) await this.#schedule();
  }

  override async alarm(): Promise<void> {
    this.#running = true;
    try {
      for (let sent = 0; sent < MOST && (await this.#sendNext()); ) sent++;
    } catch (error) {
      log("error", "queue away", { waiting: (await this.state()).events, error: String(error) });
      this.#keep({ ...this.#sending(), refused_since: this.#sending().refused_since ?? Date.now() });
    } finally {
      this.#leaving = null;
      this.#running = false;
    }
    await this.#schedule();
  }

  async state(): Promise<IntakeState> {
    const waiting = this.#sql
      .exec<{ messages: number; events: number }>(
        "SELECT count(*) AS messages, ifnull(sum(total), 0) AS events FROM messages",
      )
      .one();
    return { ...waiting, refused_since: this.#sending().refused_since };
  }

  /** The oldest message, where it may go now. Whether it has gone. */
  async #sendNext(): Promise<boolean> {
    const [row, next] = this.#sql.exec<Row>("SELECT * FROM messages ORDER BY id LIMIT 2").toArray();
    if (!row) return false;
    const now = Date.now();
    const full = next !== undefined || isFull(row);
    const sending = this.#sending();
    if (this.#nextAt(sending, full, now) > now) return false;
    this.#leaving = row.id;
    await this.env.EVENTS.send({
      events: JSON.parse(`[${row.events}]`),
      request_ids: JSON.parse(`[${row.request_ids}]`),
    });
    this.#leaving = null;
    this.#sql.exec("DELETE FROM messages WHERE id = ?", row.id);
    if (!this.#unlimited || sending.refused_since !== null)
      this.#keep({ ...spent(sending, full, now), refused_since: null });
    return true;
  }

  /** An alarm for what waits, where none comes as soon. */
  async #schedule(): Promise<void> {
    const newest = this.#newest();
    if (!newest) return;
    const now = Date.now();
    const { oldest } = this.#sql.exec<{ oldest: number }>("SELECT min(id) AS oldest FROM messages").one();
    const sending = this.#sending();
    const refused = sending.refused_since !== null;
    const at = refused ? now + PAUSE_MS : this.#nextAt(sending, oldest < newest.id || isFull(newest), now);
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || (alarm > at && !refused)) await this.ctx.storage.setAlarm(at);
  }

  /** On a developer's own machine operations cost nothing. */
  get #unlimited(): boolean {
    return this.env.LOCAL === "1";
  }

  #nextAt(sending: Sending, full: boolean, now: number): number {
    return this.#unlimited ? now : nextAt(sending, full, now);
  }

  #sending(): Sending {
    const [kept] = this.#sql.exec<Sending>("SELECT saved, full, at, refused_since FROM sending").toArray();
    return kept ?? { ...NEW_ALLOWANCE, refused_since: null };
  }

  #keep({ saved, full, at, refused_since }: Sending): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO sending (id, saved, full, at, refused_since) VALUES (0, ?, ?, ?, ?)",
      saved,
      full,
      at,
      refused_since,
    );
  }

  #newest(): Row | undefined {
    return this.#sql.exec<Row>("SELECT * FROM messages ORDER BY id DESC LIMIT 1").toArray()[0];
  }
}

const encoder = new TextEncoder();
const inside = (list: readonly unknown[]): string => JSON.stringify(list).slice(1, -1);
const joined = (one: string, other: string): string => [one, other].filter(Boolean).join(",");

const isFull = ({ total, bytes }: Row): boolean => total >= EVENTS_A_MESSAGE || bytes >= ROOM;
const hasRoom = (open: Row, events: number, bytes: number): boolean =>
  open.total + events <= EVENTS_A_MESSAGE && open.bytes + bytes <= ROOM;
