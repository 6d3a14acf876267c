/** An event of the log: what was sent, what the server made of it, and whether it counts. */

import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { parseExact } from "../exact-json.ts";
import { OUTCOMES } from "../figures/outcomes.ts";
import { Problem } from "../http/problem.ts";
import { type ColumnName, type ColumnType, columnsBut, LOG_COLUMNS } from "../log-columns.ts";
import { formatMoney } from "../money.ts";
import { outcomeOf } from "../projections/outcomes.ts";
import { NOW, person, withTag } from "../projections/resolve.ts";
import type { Database } from "../store/database.ts";
import { seqsOf } from "../store/places.ts";
import { iso } from "../time.ts";
import { instant, money, telling, text } from "./answer.ts";
import { common, onlyTags } from "./period.ts";
import { report } from "./report.ts";

/** How a column is shown. */
const SHOWN = {
  text,
  whole: z.int(),
  hour: z.int().min(0).max(23),
  instant,
  date: z.iso.date(),
  money,
  /** Senders may put amounts into `data`. */
  json: telling(z.record(text, z.unknown())),
  flag: z.boolean(),
} as const satisfies Record<ColumnType, z.ZodType>;

const TOLD: Partial<Record<ColumnName, string>> = {
  banner_tag: "The tag that it counts for: its own, else the last one of its player.",
  timestamp: "When it happened.",
  event_hour: "In the project's time zone.",
  amount: "A decimal.",
  referrer:
    "The host of the site that led to the one that sent it, where the sender said it; else of the page that sent it.",
  source_ip: "Truncated: /24 of IPv4, /48 of IPv6.",
  bot: "Why it is taken for a bot's; null where it is not.",
  duplicate_of: "The event that counts in its place: another of its transaction, or the trusted one of the same id.",
  trusted: "Whether a key or a good signature vouches for it.",
};

/** `outcome` already says whether it is a test. */
const VIEWED = columnsBut("seq", "project_id", "test");
type Viewed = (typeof VIEWED)[number];
type Shown<Name extends Viewed> = (typeof LOG_COLUMNS)[Name] extends readonly [
  infer Type extends ColumnType,
  "required",
]
  ? (typeof SHOWN)[Type]
  : z.ZodNullable<(typeof SHOWN)[(typeof LOG_COLUMNS)[Name][0]]>;

const shown = Object.fromEntries(
  VIEWED.map((name) => {
    const [type, presence] = LOG_COLUMNS[name];
    const schema = presence === "required" ? SHOWN[type] : SHOWN[type].nullable();
    return [name, TOLD[name] === undefined ? schema : schema.describe(TOLD[name])];
  }),
) as unknown as { [Name in Viewed]: Shown<Name> };

export const eventView = z
  .object({
    ...shown,
    attributed: z.boolean().describe("Whether the tag is not its own."),
    outcome: z.enum(OUTCOMES).describe("Whether it counts, and if not, why."),
  })
  .meta({ id: "EventView" });
export type EventView = z.output<typeof eventView>;
export const EVENT_COLUMNS = Object.keys(eventView.shape) as (keyof EventView)[];

/** A row of the log; `seq` and `timestamp` are its place in a list. */
export type LoggedEvent = Omit<
  EventView,
  "timestamp" | "received_at" | "amount" | "data" | "trusted" | "attributed"
> & {
  seq: number;
  timestamp: number;
  received_at: number;
  amount: number | null;
  data: string | null;
  trusted: 0 | 1;
  own_tag: string | null;
};

const STORED = sql.raw(
  columnsBut("seq", "project_id", "test", "banner_tag")
    .map((column) => `e.${column}`)
    .join(", "),
);

/** `from` is the log as `e` with a condition. With `tags`, only events that count for these. */
export function loggedEvents(db: Database, from: SQL, tags: string[] | null, order: SQL, limit: number) {
  const first = sql`ORDER BY ${order} LIMIT ${limit}`;
  // Without further conditions, the person and the tag are looked up only for the events that are shown.
  return db.all<LoggedEvent>(sql`
    WITH placed AS (
      SELECT e.seq, e.project_id, ${STORED}, e.test, e.banner_tag AS own_tag, ${person(sql`e`, NOW)} AS person
      FROM ${tags === null ? sql`events e WHERE e.seq IN (SELECT e.seq FROM ${from} ${first})` : from}
    ), resolved AS (${withTag(NOW)})
    SELECT *, ${outcomeOf} AS outcome FROM resolved WHERE true ${onlyTags(sql`banner_tag`, tags)} ${first}`);
}

export function viewOf({ seq: _, own_tag, ...event }: LoggedEvent): EventView {
  const shown: EventView = {
    ...event,
    banner_tag: event.banner_tag || null,
    attributed: own_tag === null && event.banner_tag !== "",
    timestamp: iso(event.timestamp),
    received_at: iso(event.received_at),
    amount: event.amount === null ? null : formatMoney(event.amount),
    data: event.data === null ? null : (parseExact(event.data) as EventView["data"]),
    trusted: event.trusted === 1,
  };
  return Object.fromEntries(EVENT_COLUMNS.map((column) => [column, shown[column]])) as EventView;
}

/** A trusted event, an open one, a test and a bot's event may have the same id. */
const HIGHEST = sql`trusted DESC, test, bot IS NOT NULL, seq`;

export const event = report({
  id: "getEvent",
  path: "/events/:event_id",
  summary: "One event, by its id",
  description:
    "Also one that no figure counts: a test event, a bot's, or a duplicate, each with its mark. Where a trusted event and " +
    "one from the open door have the same id, the trusted one.",
  role: "analyst",
  query: z.strictObject(common),
  answer: eventView,
  holds: "The event as the log has it.",
  examples: { event_id: "of-player-42" },
  problems: [404],
  // The tag that it counts for may change with later events, so the log is asked each time. It also has events that no
  // table has yet.
  reads: "now",
  async read({ db, project: { project_id }, params: { event_id }, tags }) {
    const from = sql`events e WHERE e.seq IN (${seqsOf(sql`${project_id}`, sql`${event_id}`)})`;
    const [found] = await loggedEvents(db, from, tags, HIGHEST, 1);
    if (!found) throw new Problem(404, `There is no event ${event_id} in ${project_id}.`);
    const body = viewOf(found);
    return { body, columns: EVENT_COLUMNS, rows: [body] };
  },
});
