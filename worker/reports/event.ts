/** An event as it stands in the log: what was sent, what the server made of it, and whether it counts. */
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { Problem } from "../http/problem.ts";
import { formatMoney } from "../money.ts";
import { OUTCOMES, outcomeOf } from "../projections/outcomes.ts";
import { NOW, person, withTag } from "../projections/resolve.ts";
import type { Database } from "../schema.ts";
import { instant, maybe, text } from "./answer.ts";
import { common, onlyTags } from "./period.ts";
import { report } from "./report.ts";

export const eventView = z
  .object({
    event_id: text,
    event_type: text,
    player_id: maybe,
    visitor_id: maybe,
    banner_tag: maybe.describe("The tag that it counts for: its own, else the last one of its player."),
    attributed: z.boolean().describe("Whether the tag is not its own."),
    app_id: maybe,
    session_id: maybe,
    click_id: maybe,
    platform: maybe,
    app_version: maybe,
    timestamp: instant.describe("When it happened."),
    received_at: instant,
    event_date: z.iso.date(),
    event_hour: z.int().min(0).max(23).describe("In the project's time zone."),
    amount: maybe.describe("A decimal."),
    currency: maybe,
    transaction_id: maybe,
    score: z.int().nullable(),
    data: z.record(text, z.unknown()).nullable(),
    country: maybe,
    device: maybe,
    browser: maybe,
    os: maybe,
    referrer: maybe.describe("The host of the page that sent it."),
    source_ip: maybe.describe("Truncated: /24 of IPv4, /48 of IPv6."),
    user_agent: maybe,
    bot: maybe.describe("Why it is taken for a bot's; null where it is not."),
    duplicate_of: maybe.describe("The event that had this transaction first."),
    outcome: z.enum(OUTCOMES).describe("Whether it counts, and if not, why."),
  })
  .meta({ id: "EventView" });
export type EventView = z.output<typeof eventView>;
export const EVENT_COLUMNS = Object.keys(eventView.shape) as (keyof EventView)[];

/** As the log has it; `seq` and `timestamp` say where it stands in a list. */
export type LoggedEvent = Omit<EventView, "timestamp" | "received_at" | "amount" | "data" | "attributed"> & {
  seq: number;
  timestamp: number;
  received_at: number;
  amount: number | null;
  data: string | null;
  own_tag: string | null;
};

const STORED = sql.raw(
  EVENT_COLUMNS.filter((column) => !["banner_tag", "attributed", "outcome"].includes(column))
    .map((column) => `e.${column}`)
    .join(", "),
);

/** `from` is the log as `e` with a condition. Only those that count for the tags, where some are given. */
export function loggedEvents(db: Database, from: SQL, tags: string[] | null, order: SQL, limit: number) {
  const first = sql`ORDER BY ${order} LIMIT ${limit}`;
  // Where every event will do, whose it is and what it counts for is asked of those alone that are shown.
  return db.all<LoggedEvent>(sql`
    WITH placed AS (
      SELECT e.seq, e.project_id, ${STORED}, e.test, e.banner_tag AS own_tag, ${person(sql`e`, NOW)} AS person
      FROM ${tags === null ? sql`events e WHERE e.seq IN (SELECT e.seq FROM ${from} ${first})` : from}
    ), resolved AS (${withTag(NOW)})
    SELECT *, ${outcomeOf} AS outcome FROM resolved WHERE true ${onlyTags(sql`banner_tag`, tags)} ${first}`);
}

const iso = (at: number) => new Date(at).toISOString();

export function viewOf({ seq: _, own_tag, ...event }: LoggedEvent): EventView {
  const shown: EventView = {
    ...event,
    banner_tag: event.banner_tag || null,
    attributed: own_tag === null && event.banner_tag !== "",
    timestamp: iso(event.timestamp),
    received_at: iso(event.received_at),
    amount: event.amount === null ? null : formatMoney(event.amount),
    data: event.data === null ? null : JSON.parse(event.data),
  };
  return Object.fromEntries(EVENT_COLUMNS.map((column) => [column, shown[column]])) as EventView;
}

export const event = report({
  id: "getEvent",
  path: "/events/:event_id",
  summary: "One event, by its id",
  role: "analyst",
  query: z.strictObject(common),
  answer: eventView,
  holds: "The event as the log has it.",
  examples: { event_id: "of-player-42" },
  problems: [404],
  // What it counts for changes with events that arrive later; the log is asked each time, and has it before any table.
  reads: "now",
  async read({ db, project: { project_id }, params: { event_id }, tags }) {
    const from = sql`events e WHERE e.project_id = ${project_id} AND e.event_id = ${event_id}`;
    const [found] = await loggedEvents(db, from, tags, sql`seq`, 1);
    if (!found) throw new Problem(404, `There is no event ${event_id} in ${project_id}.`);
    const body = viewOf(found);
    return { body, columns: EVENT_COLUMNS, rows: [body] };
  },
});
