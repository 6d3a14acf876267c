/**
 * The events of the log, the last accepted one first; after them the events that were removed from the log, from the
 * archive, the latest hour first.
 */

import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { addDays } from "../calendar.ts";
import { eventType } from "../event.ts";
import { type ArchiveFilters, type ArchivePosition, archivedEvents } from "../event-log/archived-events.ts";
import { tagFilter } from "../http/tag-filter.ts";
import type { Project } from "../project.ts";
import { actors, NOW } from "../projections/resolve.ts";
import type { Database } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { DAY_MS } from "../time.ts";
import { EVENT_COLUMNS, type EventView, eventView, type LoggedEvent, loggedEvents, viewOf } from "./event.ts";
import { FIELDS, fieldValues } from "./field-filter.ts";
import { list, listed, listOf, type Page, pageOf } from "./list.ts";
import { hasRoom } from "./pages.ts";
import { date } from "./period.ts";
import { report } from "./report.ts";

const id = z.string("must be given once").min(1, "must not be empty").max(256, "is too long");
export const included = z
  .enum(["all", "counted"], "must be all or counted")
  .default("all")
  .describe("`counted` leaves out tests, bots and duplicate transactions. `all` where absent.");

const query = z.strictObject({
  ...listed,
  from: date.optional().describe("The first day, in the project's time zone. All days where absent."),
  to: date.optional().describe("The last day, included."),
  event_type: eventType.optional(),
  ...tagFilter,
  player_id: id.optional(),
  ...fieldValues,
  include: included,
});
type Query = z.output<typeof query>;

/**
 * How many events of the log one query reads, and how many such queries one page may take: with a rare filter a page ends
 * early.
 */
const LOOK = 20_000;
const LOOKS = 10;

function filters({ from, to, event_type, include, ...query }: Query): SQL {
  const conditions = [
    from && sql`AND e.event_date >= ${from}`,
    to && sql`AND e.event_date <= ${to}`,
    event_type && sql`AND e.event_type = ${event_type}`,
    ...FIELDS.map((field) => query[field] && sql`AND e.${sql.raw(field)} = ${query[field]}`),
    include === "counted" && sql`AND e.counted = 1`,
  ];
  return sql.join(
    conditions.filter((condition) => typeof condition === "object"),
    sql` `,
  );
}

/** The events of a player and of the visitors they were: few, and found by an index. */
export const ofPlayer = (project_id: string, player_id: string): SQL =>
  sql`events e WHERE e.project_id = ${project_id} AND e.actor IN (${actors(sql`${project_id}`, sql`${player_id}`, NOW)})`;

/** The last `limit` events before `seq` that match; fewer where `LOOKS` queries find no more. */
async function before(
  env: Env,
  db: Database,
  project_id: string,
  query: Query,
  tags: string[] | null,
  seq: number | null,
  limit: number,
): Promise<Page<LoggedEvent, number>> {
  const ends = await db.get<{ first: number | null; last: number | null }>(
    sql`SELECT (SELECT min(seq) FROM events) AS first, (SELECT max(seq) FROM events) AS last`,
  );
  const first = ends?.first ?? 0;
  let end = Math.min(seq ?? NOW, (ends?.last ?? 0) + 1);
  const rows: LoggedEvent[] = [];
  for (let looks = 0; looks < LOOKS && end > first && rows.length <= limit && (looks === 0 || hasRoom(env)); looks++) {
    const start = Math.max(first, end - LOOK);
    // By `seq` and without an index: the indices have a project's events only in other orders.
    const from = sql`events e NOT INDEXED WHERE e.seq >= ${start} AND e.seq < ${end} AND e.project_id = ${project_id} ${filters(query)}`;
    rows.push(...(await loggedEvents(db, from, tags, sql`seq DESC`, limit + 1 - rows.length)));
    end = start;
  }
  if (rows.length > limit || end <= first) return pageOf(rows, limit, (row) => row.seq);
  return { rows, next: end };
}

async function beforeOf(
  db: Database,
  project_id: string,
  player_id: string,
  query: Query,
  tags: string[] | null,
  seq: number | null,
  limit: number,
): Promise<Page<LoggedEvent, number>> {
  const from = sql`${ofPlayer(project_id, player_id)} AND e.seq < ${seq ?? NOW} ${filters(query)}`;
  return pageOf(await loggedEvents(db, from, tags, sql`seq DESC`, limit + 1), limit, (row) => row.seq);
}

type Archived = Awaited<ReturnType<typeof archivedEvents>>["events"][number];

/** An archived event is shown under the tag that it names. The tag that it was attributed to is only in the figures. */
const outcomeOf = ({ test, bot, duplicate_of }: Archived) =>
  test === 1 ? "test" : bot !== null ? "bot" : duplicate_of !== null ? "duplicate" : "counted";
const archivedView = ({ project_id: _, test: __, ...row }: Archived, outcome: LoggedEvent["outcome"]) =>
  viewOf({ ...row, own_tag: row.banner_tag, outcome });

/** The same for days whose events may have been removed from the log. Those that the log still has were shown before. */
async function archivedBefore(
  env: Env,
  db: Database,
  project: Project,
  { from, to, event_type, player_id, include, country, device, app_id, platform }: Query,
  tags: string[] | null,
  after: ArchivePosition | null,
  limit: number,
): Promise<Page<EventView, ArchivePosition>> {
  const { project_id, settled_before } = project;
  const last = to !== undefined && to < settled_before ? to : addDays(settled_before, -1);
  const filters = Object.fromEntries(
    Object.entries({ event_type, player_id, country, device, app_id, platform }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as ArchiveFilters;
  // A day begins up to 14 hours before and after the same day in UTC.
  const range = {
    from: from === undefined ? 0 : Date.parse(from) - DAY_MS,
    to: Date.parse(last) + 2 * DAY_MS,
  };
  const { events: found, next } = await archivedEvents(env, db, {
    project_id,
    ...range,
    filters,
    limit,
    after,
    room: () => hasRoom(env),
  });
  const held = new Set(
    (await db.values<[number]>(sql`SELECT seq FROM events WHERE seq ${among(found.map(({ seq }) => seq))}`)).flat(),
  );
  const rows = found
    .filter((row) => !held.has(row.seq) && row.event_date <= last && (from === undefined || row.event_date >= from))
    .filter((row) => tags === null || tags.includes(row.banner_tag ?? ""))
    .map((row) => archivedView(row, outcomeOf(row)))
    .filter(({ outcome }) => include === "all" || outcome === "counted");
  return { rows, next };
}

/** Where a page ends: in the log, or in the archive after it; `true` is the beginning of the archive. */
const place = z.union([z.int(), z.literal(true), z.object({ hour: z.int(), seq: z.int() })]);

export const events = report({
  id: "listEvents",
  path: "/events",
  summary: "The events of the log, the last one taken first",
  description:
    "`player_id` also gives the events of the visitors that the player was, `banner_tag` those that count for the tag. " +
    "A page may have fewer rows than `limit`: the list ends where `next_cursor` is null. Behind the log's events come " +
    "those that have gone from it, from the archive, with their own tags; there `player_id` leaves out the visitor.",
  role: "analyst",
  query,
  answer: listOf(eventView).meta({ id: "Events" }),
  holds: "A row an event.",
  tries: [
    "event_type=visit&limit=1",
    "player_id=player-42&include=counted",
    "banner_tag=summer",
    "country=MT&platform=ios",
    "cursor=none",
  ],
  reads: "now",
  async read({ env, db, project, tags, query }) {
    const { player_id, from } = query;
    const { project_id, settled_before } = project;
    const goesOn = settled_before !== "" && (from === undefined || from < settled_before);
    return list(
      { env, project, query },
      EVENT_COLUMNS,
      place,
      async (at, limit): Promise<Page<EventView, z.output<typeof place>>> => {
        if (at === true || (typeof at === "object" && at !== null))
          return archivedBefore(env, db, project, query, tags, at === true ? null : at, limit);
        const page = await (player_id === undefined
          ? before(env, db, project_id, query, tags, at, limit)
          : beforeOf(db, project_id, player_id, query, tags, at, limit));
        return { rows: page.rows.map(viewOf), next: page.next ?? (goesOn ? true : null) };
      },
    );
  },
});
