/**
 * The request log: recent requests and their outcomes, with the reason and what to do about it. Rejections are read from the
 * project's RequestLog, accepted events from the event log, so an accepted event writes nothing for the request log.
 */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { ERROR_CODES, type StoredEvent } from "../event.ts";
import { parseExact } from "../exact-json.ts";
import { type EventOutcome, OUTCOMES, type SUPERSEDED } from "../figures/outcomes.ts";
import { fieldError } from "../http/field-error.ts";
import { json } from "../http/operation.ts";
import { pageParameters } from "../http/page.ts";
import { formatMoney } from "../money.ts";
import { bringForward } from "../projections/catch-up.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import type { Cell } from "../reports/csv.ts";
import { common } from "../reports/period.ts";
import { table } from "../reports/table.ts";
import { hintFor } from "../request-log/hints.ts";
import type { StoredSample } from "../request-log/log.ts";
import { boundedRequest, RECORDED_DOORS } from "../request-log/rejection.ts";
import { hintForTaken } from "../request-log/taken-hints.ts";
import type { Database } from "../store/database.ts";
import { DAY_MS, HOUR_MS, iso, utcDate } from "../time.ts";
import { route } from "./route.ts";

/** An event may be 31 days older than its arrival, and its date is the project's own: a day to either side. */
const OLDEST_DATE_MS = 33 * DAY_MS;
/** Events of all projects that one request looks through, the newest first. */
const SCAN = 20_000;
/** The queue may deliver an event that much later than those around it. */
const LATE_MS = HOUR_MS;

const START = Number.MAX_SAFE_INTEGER;

/** `<seq>.<n>`: both lists go on below these. */
const cursor = z
  .string("is not a cursor")
  .regex(/^\d{1,16}\.\d{1,16}$/, "is not a cursor")
  .transform((text) => text.split(".").map(Number) as [number, number]);

export const requestsQuery = z.strictObject({
  ...common,
  limit: pageParameters.limit,
  cursor: cursor.optional(),
  status: z.enum(["accepted", "rejected"], "must be accepted or rejected").optional(),
  /** Also one that breaks the rules: it was refused for that. */
  event_type: z.string().optional(),
  /** The code of an error: only rejected requests have one. */
  code: z.enum(ERROR_CODES, "must be the code of an error").optional(),
  since: z.iso
    .datetime({ offset: true, error: "must be a time, ISO 8601 with its zone" })
    .transform((text) => Date.parse(text))
    .optional(),
});

const door = z.enum(RECORDED_DOORS);
const requestRow = z
  .object({
    at: instant,
    status: z.enum(["accepted", "rejected"]),
    door: door.nullable().describe("Null for an accepted one: the event log does not keep it."),
    event_type: maybe,
    event_id: maybe,
    request: z.record(z.string(), z.unknown()).describe("At most 1 KB; signatures and keys are left out."),
    errors: z.array(fieldError),
    hint: maybe.describe("What to do about it."),
  })
  .meta({ id: "RequestRow" });
const requests = z
  .object({
    project_id: text,
    since: instant,
    counts: z.object({
      accepted: whole.describe("Events in the log, each once."),
      accepted_as: z.object({ counted: whole, test: whole, duplicate: whole, bot: whole }),
      rejected: whole.describe("Events refused, sampled or not."),
      by_reason: z.array(z.object({ door, code: text, field: text, total: whole, hint: text })),
    }),
    rows: z.array(requestRow),
    next_cursor: maybe,
  })
  .meta({ id: "Requests" });
export type RequestRow = z.output<typeof requestRow>;
export type RequestCounts = z.output<typeof requests>["counts"];
export type Requests = z.output<typeof requests>;

async function acceptedSince(db: Database, project_id: string, since: number): Promise<Record<EventOutcome, number>> {
  const oldest = utcDate(since - OLDEST_DATE_MS);
  const rows = await db.all<{ outcome: EventOutcome | typeof SUPERSEDED; total: number }>(sql`
    SELECT outcome, sum(total) AS total FROM event_outcomes
    WHERE project_id = ${project_id} AND event_date >= ${oldest} AND received_hour >= ${since / HOUR_MS}
    GROUP BY outcome`);
  const none = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<EventOutcome, number>;
  const { superseded, ...found } = {
    ...none,
    superseded: 0,
    ...(Object.fromEntries(rows.map(({ outcome, total }) => [outcome, total])) as Partial<typeof none>),
  };
  return { ...found, counted: found.counted - superseded, duplicate: found.duplicate + superseded };
}

/** A row, or the end of the events that were read, where there may be older rows. */
type Entry = { at: number; place: number; row: RequestRow | null };

const SHOWN = [
  "player_id",
  "visitor_id",
  "banner_tag",
  "app_id",
  "session_id",
  "click_id",
  "platform",
  "app_version",
  "timestamp",
  "amount",
  "currency",
  "transaction_id",
  "score",
  "data",
] as const;
type Event = Pick<StoredEvent, (typeof SHOWN)[number] | "event_id" | "event_type" | "received_at" | "bot" | "test"> & {
  seq: number;
  duplicate_of: string | null;
};

const COLUMNS = sql.raw(
  ["seq", "event_id", "event_type", "received_at", "bot", "test", "duplicate_of", ...SHOWN].join(", "),
);

async function acceptedEntries(
  db: Database,
  project_id: string,
  since: number,
  before: number,
  limit: number,
  event_type: string | undefined,
): Promise<Entry[]> {
  const top = await db.get<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM events WHERE seq < ${before}`);
  if (top?.seq == null) return [];
  const bottom = top.seq - SCAN;
  // In the order of `seq`: by an index of the project's events, SQLite would sort all of them first.
  const events = await db.all<Event>(sql`SELECT ${COLUMNS} FROM events NOT INDEXED
    WHERE seq <= ${top.seq} AND seq > ${bottom} AND project_id = ${project_id} AND received_at >= ${since}
      ${event_type === undefined ? sql`` : sql`AND event_type = ${event_type}`}
    ORDER BY seq DESC LIMIT ${limit}`);
  const entries = events.map((event): Entry => ({ at: event.received_at, place: event.seq, row: acceptedRow(event) }));
  if (events.length === limit) return entries;
  const below = await db.get<{ received_at: number }>(
    sql`SELECT received_at FROM events WHERE seq <= ${bottom} ORDER BY seq DESC LIMIT 1`,
  );
  if (below && below.received_at >= since - LATE_MS) {
    entries.push({ at: below.received_at, place: bottom + 1, row: null });
  }
  return entries;
}

function acceptedRow(event: Event): RequestRow {
  const shown = {
    ...Object.fromEntries(SHOWN.map((field) => [field, event[field]])),
    timestamp: iso(event.timestamp),
    amount: event.amount === null ? null : formatMoney(event.amount),
    ...(event.test === 1 && { test: 1 }),
  };
  const data = parseExact(event.data ?? "{}") as Record<string, unknown>;
  return {
    at: iso(event.received_at),
    status: "accepted",
    door: null,
    event_type: event.event_type,
    event_id: event.event_id,
    request: JSON.parse(
      boundedRequest(Object.entries({ ...shown, data: event.data && data }).filter(([, value]) => value !== null)),
    ),
    errors: [],
    hint: hintForTaken(event, data),
  };
}

const rejectedEntry = (sample: StoredSample): Entry => {
  const request = JSON.parse(sample.request) as Record<string, unknown>;
  const hints = sample.errors.map((error) => hintFor(error, request, sample.at));
  return {
    at: sample.at,
    place: sample.n,
    row: {
      at: iso(sample.at),
      status: "rejected",
      door: sample.door,
      event_type: sample.event_type,
      event_id: null,
      request,
      errors: sample.errors,
      hint: [...new Set(hints)].join(" ") || null,
    },
  };
};

/** Merges both lists, the newest first. Stops where one of them does not know its next row yet. */
export function merge(
  accepted: Entry[],
  rejected: Entry[],
  [seq, n]: [number, number],
  limit: number,
): { rows: RequestRow[]; next_cursor: string | null } {
  const rows: RequestRow[] = [];
  let a = 0;
  let r = 0;
  while (rows.length < limit) {
    const [left, right] = [accepted[a], rejected[r]];
    const chosen = left && (!right || left.at >= right.at) ? left : right;
    if (!chosen) break;
    if (chosen === left) {
      a++;
      seq = left.place;
    } else {
      r++;
      n = chosen.place;
    }
    if (chosen.row === null) return { rows, next_cursor: `${seq}.${n}` };
    rows.push(chosen.row);
  }
  const more = a < accepted.length || r < rejected.length;
  return { rows, next_cursor: more ? `${seq}.${n}` : null };
}

const COLUMNS_OF_TABLE = ["at", "status", "door", "event_type", "event_id", "errors", "hint", "request"];
const asTable = ({ errors, request, ...row }: RequestRow): Record<string, Cell> => ({
  ...row,
  errors: errors.map(({ code, field }) => `${code} ${field}`).join("; "),
  request: JSON.stringify(request),
});

export const requestRoutes = [
  route(
    {
      id: "listRequests",
      method: "get",
      path: "/requests",
      tag: "Administration",
      role: "admin",
      summary: "What came lately, and why some was refused",
      description:
        "The newest first. What was refused is counted in full and kept as samples, with what to do about it.",
      query: requestsQuery,
      answers: {
        200: { description: "Exact counts, and samples.", content: json(requests), tables: ["text/csv"] },
      },
    },
    async ({ c, env, db, query, projectFor, now }) => {
      const { project_id } = await projectFor(query.project_id);
      const { limit, cursor = [START, START], status, event_type, code, ...asked } = query;
      const { since: from = now - DAY_MS } = asked;
      const since = Math.floor(from / HOUR_MS) * HOUR_MS;
      await bringForward(env, db, now);
      const [rejections, accepted_as, accepted] = await Promise.all([
        env.REQUEST_LOG.getByName(project_id).read(since, cursor[1], limit + 1, { event_type, code }),
        acceptedSince(db, project_id, since),
        status === "rejected" || code !== undefined
          ? []
          : acceptedEntries(db, project_id, since, cursor[0], limit + 1, event_type),
      ]);
      const { total, reasons, samples } = rejections;
      const rejected = status === "accepted" ? [] : samples.map(rejectedEntry);
      const body: Requests = {
        project_id,
        since: iso(since),
        counts: {
          accepted: OUTCOMES.reduce((sum, outcome) => sum + accepted_as[outcome], 0),
          accepted_as,
          rejected: total,
          by_reason: reasons.map((reason) => ({ ...reason, hint: hintFor(reason) })),
        },
        ...merge(accepted, rejected, cursor, limit),
      };
      return table(c, { body, columns: COLUMNS_OF_TABLE, rows: body.rows.map(asTable) });
    },
  ),
] as const;
