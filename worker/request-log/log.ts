/**
 * The rejected requests of one project: exact counts by the hour, door, code and field, and a ring of the newest
 * samples. A Durable Object, so that counting needs no write to the database that holds the events.
 */

import { DurableObject } from "cloudflare:workers";
import type { ErrorCode, FieldError } from "../event.ts";
import { HOUR_MS } from "../time.ts";
import { OTHER_FIELDS, Quota, RECORDED_DOORS, type RecordedDoor, reasonOf, type Sample } from "./rejection.ts";

export const SAMPLES_KEPT = 500;
const HOURS_KEPT = 31 * 24;
/** A delivery that is sent again comes within seconds; at most this many others are expected in between. */
const DELIVERIES_REMEMBERED = 100;
/** The most distinct reasons of an hour; further ones are counted without their field. */
const REASONS_AN_HOUR = 200;

export type ReasonCount = { door: RecordedDoor; code: ErrorCode; field: string; total: number };

/** The rejections that one isolate has gathered. */
export type Delivery = {
  /** Random. A delivery is counted once, even if it is sent several times. */
  id: string;
  /** Whole hours since 1970. */
  hour: number;
  requests: Partial<Record<RecordedDoor, number>>;
  reasons: ReasonCount[];
  samples: Sample[];
};

export type StoredSample = Sample & {
  /** The place in the order of arrival, from 1. */
  n: number;
};

export type Total = { door: RecordedDoor; code: string; total: number };
export type Totals = { events: Omit<Total, "code">[]; reasons: Total[] };

/** Which samples are read: only of one event type, only with an error of one code. */
export type SampleFilter = { event_type?: string | undefined; code?: string | undefined };

export type Rejections = { total: number; reasons: ReasonCount[]; samples: StoredSample[] };

type SampleRow = {
  n: number;
  at: number;
  door: RecordedDoor;
  event_type: string | null;
  errors: string;
  request: string;
};

export class RequestLog extends DurableObject<unknown> {
  readonly #sql: SqlStorage;
  readonly #quota = new Quota();
  #last: number;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#sql = state.storage.sql;
    // `slot` is n modulo the ring's length: a new sample overwrites the oldest, one row written.
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS hours (hour INTEGER PRIMARY KEY, pixel INTEGER NOT NULL, api INTEGER NOT NULL, deliveries TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS reasons (hour INTEGER, door TEXT, code TEXT, field TEXT, total INTEGER NOT NULL,
        PRIMARY KEY (hour, door, code, field)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS samples (slot INTEGER PRIMARY KEY, n INTEGER NOT NULL, at INTEGER NOT NULL, door TEXT NOT NULL,
        event_type TEXT, errors TEXT NOT NULL, request TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS erased (token TEXT PRIMARY KEY, total INTEGER NOT NULL, at INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS past (door TEXT, code TEXT, total INTEGER NOT NULL, PRIMARY KEY (door, code)) WITHOUT ROWID;`);
    // Objects that were created before this door existed have no column for it.
    const known = this.#sql.exec("SELECT 1 FROM pragma_table_info('hours') WHERE name = 'postback'").toArray();
    if (known.length === 0) this.#sql.exec("ALTER TABLE hours ADD COLUMN postback INTEGER NOT NULL DEFAULT 0");
    const newest = this.#samples(Number.MAX_SAFE_INTEGER, 0, SAMPLES_KEPT);
    this.#last = newest[0]?.n ?? 0;
    // Samples that were kept in this minute before the object was evicted count towards the quota.
    for (const sample of newest.toReversed()) this.#quota.admits(sample);
  }

  /** Counts a delivery, once, and keeps some of its samples. */
  async record({ id, hour, requests, reasons, samples }: Delivery): Promise<void> {
    const known = this.#sql.exec<{ deliveries: string }>("SELECT deliveries FROM hours WHERE hour = ?", hour).toArray();
    const deliveries = JSON.parse(known[0]?.deliveries ?? "[]") as string[];
    if (deliveries.includes(id)) return;
    // No await up to the alarm: the runtime writes all of it as one transaction.
    this.#sql.exec(
      `INSERT INTO hours (hour, ${RECORDED_DOORS.join(", ")}, deliveries) VALUES (?, ${RECORDED_DOORS.map(() => "?").join(", ")}, ?)
       ON CONFLICT DO UPDATE SET ${RECORDED_DOORS.map((door) => `${door} = ${door} + excluded.${door}`).join(", ")},
         deliveries = excluded.deliveries`,
      hour,
      ...RECORDED_DOORS.map((door) => requests[door] ?? 0),
      JSON.stringify([...deliveries, id].slice(-DELIVERIES_REMEMBERED)),
    );
    const counted = new Set(
      this.#sql
        .exec<Pick<ReasonCount, "door" | "code" | "field">>(
          "SELECT door, code, field FROM reasons WHERE hour = ?",
          hour,
        )
        .toArray()
        .map((reason) => reasonOf(reason.door, reason)),
    );
    for (const { door, code, field, total } of reasons) {
      const name = reasonOf(door, { code, field });
      const room = counted.has(name) || counted.size < REASONS_AN_HOUR;
      if (room) counted.add(name);
      this.#sql.exec(
        `INSERT INTO reasons (hour, door, code, field, total) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET total = total + excluded.total`,
        hour,
        door,
        code,
        room ? field : OTHER_FIELDS,
        total,
      );
    }
    for (const sample of samples.filter((candidate) => this.#quota.admits(candidate))) this.#keep(sample);
    if (known.length === 0) this.#expire(hour);
    // A later delivery deletes old rows, too. The alarm does it if none comes.
    if ((await this.ctx.storage.getAlarm()) === null) await this.#expireLater();
  }

  #keep({ at, door, event_type, errors, request }: Sample): void {
    this.#last++;
    this.#sql.exec(
      "INSERT OR REPLACE INTO samples (slot, n, at, door, event_type, errors, request) VALUES (?, ?, ?, ?, ?, ?, ?)",
      this.#last % SAMPLES_KEPT,
      this.#last,
      at,
      door,
      event_type,
      JSON.stringify(errors),
      request,
    );
  }

  /** Counts of rejections since an hour, and the newest samples before `before` that fit the filter. */
  async read(since: number, before: number, limit: number, filter: SampleFilter = {}): Promise<Rejections> {
    const hour = Math.floor(since / HOUR_MS);
    const total = this.#sql
      .exec<{ total: number }>(
        `SELECT coalesce(sum(${RECORDED_DOORS.join(" + ")}), 0) AS total FROM hours WHERE hour >= ?`,
        hour,
      )
      .one();
    const reasons = this.#sql
      .exec<ReasonCount>(
        `SELECT door, code, field, sum(total) AS total FROM reasons WHERE hour >= ?
         GROUP BY door, code, field ORDER BY total DESC, door, code, field`,
        hour,
      )
      .toArray();
    return { ...total, reasons, samples: this.#samples(before, since, limit, filter) };
  }

  /** Counts of all rejections, including deleted hours: events by door, and errors by door and code. */
  async totals(): Promise<Totals> {
    const sums = (ofEvents: 0 | 1) =>
      this.#sql
        .exec<Total>(
          `SELECT door, code, sum(total) AS total FROM (
             SELECT door, code, total FROM past UNION ALL SELECT door, code, total FROM reasons
             ${RECORDED_DOORS.map((door) => `UNION ALL SELECT '${door}', '', ${door} FROM hours`).join(" ")})
           WHERE (code = '') = ? GROUP BY door, code ORDER BY door, code`,
          ofEvents,
        )
        .toArray();
    return { events: sums(1), reasons: sums(0) };
  }

  #samples(before: number, since: number, limit: number, { event_type, code }: SampleFilter = {}): StoredSample[] {
    return this.#sql
      .exec<SampleRow>(
        `SELECT n, at, door, event_type, errors, request FROM samples WHERE n < ? AND at >= ?
           AND (? IS NULL OR event_type = ?)
           AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(errors) WHERE value ->> 'code' = ?))
         ORDER BY n DESC LIMIT ?`,
        before,
        since,
        event_type ?? null,
        event_type ?? null,
        code ?? null,
        code ?? null,
        limit,
      )
      .toArray()
      .map((row) => ({ ...row, errors: JSON.parse(row.errors) as FieldError[] }));
  }

  /** Deletes everything, since the project was removed. */
  async remove(): Promise<void> {
    for (const table of ["hours", "reasons", "samples", "erased", "past"]) this.#sql.exec(`DELETE FROM ${table}`);
  }

  /** Deletes the samples that match a pattern, for a person's erasure. Returns how many were deleted under this token in all. */
  async erase(token: string, pattern: string): Promise<number> {
    const found = this.#naming(pattern);
    const { total } = this.#sql
      .exec<{ total: number }>(
        `INSERT INTO erased (token, total, at) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET total = total + excluded.total RETURNING total`,
        token,
        found.length,
        Date.now(),
      )
      .one();
    for (const { n } of found) this.#sql.exec("DELETE FROM samples WHERE slot = ?", n % SAMPLES_KEPT);
    return total;
  }

  /** The samples that match a pattern, the newest first. */
  async find(pattern: string): Promise<StoredSample[]> {
    return this.#naming(pattern);
  }

  #naming(pattern: string): StoredSample[] {
    const names = new RegExp(pattern, "iu");
    return this.#samples(Number.MAX_SAFE_INTEGER, 0, SAMPLES_KEPT).filter(({ request, errors, event_type }) =>
      names.test(`${request} ${JSON.stringify(errors)} ${event_type}`),
    );
  }

  override async alarm(): Promise<void> {
    this.#expire(Math.floor(Date.now() / HOUR_MS));
    const { kept } = this.#sql.exec<{ kept: number }>("SELECT count(*) AS kept FROM hours").one();
    if (kept > 0) await this.#expireLater();
  }

  #expire(hour: number): void {
    const oldest = hour - HOURS_KEPT;
    const grow = "ON CONFLICT DO UPDATE SET total = total + excluded.total";
    for (const door of RECORDED_DOORS) {
      this.#sql.exec(
        `INSERT INTO past SELECT '${door}', '', sum(${door}) FROM hours WHERE hour < ? HAVING sum(${door}) > 0 ${grow}`,
        oldest,
      );
    }
    this.#sql.exec(
      `INSERT INTO past SELECT door, code, sum(total) FROM reasons WHERE hour < ? GROUP BY door, code ${grow}`,
      oldest,
    );
    this.#sql.exec("DELETE FROM hours WHERE hour < ?", oldest);
    this.#sql.exec("DELETE FROM reasons WHERE hour < ?", oldest);
    this.#sql.exec("DELETE FROM samples WHERE at < ?", oldest * HOUR_MS);
    this.#sql.exec("DELETE FROM erased WHERE at < ?", oldest * HOUR_MS);
  }

  #expireLater(): Promise<void> {
    return this.ctx.storage.setAlarm(Date.now() + 24 * HOUR_MS);
  }
}
