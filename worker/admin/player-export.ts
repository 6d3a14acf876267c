/**
 * Everything that is stored about a player, streamed: as JSON, or only the events as CSV or NDJSON. Events that have left
 * the log follow from the archive. An answer has as many events as an invocation has calls for, and names the next answer.
 * Only administrators may read it.
 */

import { eq, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { VISITOR, visitorsOf } from "../erasure/names.ts";
import { isReceivedOf } from "../erasure/postbacks.ts";
import { wordsOf } from "../erasure/words.ts";
import { projectId } from "../event.ts";
import {
  type ArchivePart,
  type ArchivePlace,
  BEGINNING,
  firstHourInLog,
  MOST_FILES,
  nextPart,
  type Person,
  personsEvents,
} from "../event-log/archived-player.ts";
import { parseExact } from "../exact-json.ts";
import { json } from "../http/operation.ts";
import { columnsBut, type LoggedRow } from "../log-columns.ts";
import { formatMoney } from "../money.ts";
import { bringForward } from "../projections/catch-up.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import { following } from "../reports/pages.ts";
import { FORMAT_NAMES, formatOf, table } from "../reports/table.ts";
import { budgetOf } from "../store/budget.ts";
import type { Database } from "../store/database.ts";
import { projects } from "../store/schema.ts";
import { among } from "../store/sql.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

export const exportQuery = z.strictObject({
  project_id: projectId.optional(),
  format: z.enum(FORMAT_NAMES, `must be one of ${FORMAT_NAMES.join(", ")}`).optional(),
  cursor: z
    .string("is not a cursor")
    .regex(/^(?:log|archive)-\d{1,15}-\d{1,15}$/, "is not a cursor")
    .optional()
    .describe("`next_cursor` of the part before: the events go on there."),
});

/** Where a part begins: after an event of the log, in the order of time, or in the archive after the log. */
type Place = { log: Logged } | { archive: ArchivePlace };
type Logged = { timestamp: number; seq: number };

function placeOf(cursor: string | undefined): Place {
  if (cursor === undefined) return { log: { timestamp: Number.NEGATIVE_INFINITY, seq: 0 } };
  const [store, first, seq] = cursor.split("-") as [string, string, string];
  return store === "log"
    ? { log: { timestamp: Number(first), seq: Number(seq) } }
    : { archive: { hour: Number(first), seq: Number(seq) } };
}
const cursorOf = (place: Place): string =>
  "log" in place ? `log-${place.log.timestamp}-${place.log.seq}` : `archive-${place.archive.hour}-${place.archive.seq}`;
const isBehind = (one: Logged, place: Logged) =>
  one.timestamp > place.timestamp || (one.timestamp === place.timestamp && one.seq > place.seq);

/** Events that one query reads: many, since an invocation may make only a limited number of queries (worker/store/plan.ts). */
const PAGE = 5_000;
/** Calls of the answer in addition to those for events. */
const OTHER_CALLS = 16;

const COLUMNS = columnsBut("seq", "project_id");
const SELECTED = sql.raw(["seq", "project_id", ...COLUMNS].join(", "));

type Value = string | number | null;
type Row = Record<string, Value>;
export type ExportedEvent = Omit<Record<(typeof COLUMNS)[number], Value>, "data"> & { data: unknown };

const readable = ({ seq: _, project_id: __, ...row }: LoggedRow): Row => ({
  ...row,
  timestamp: iso(row.timestamp),
  received_at: iso(row.received_at),
  amount: row.amount === null ? null : formatMoney(row.amount),
});

/** The events of the log; `shown` learns which they were. */
async function* loggedEvents(db: Database, order: readonly number[], shown: Set<number>): AsyncGenerator<LoggedRow[]> {
  for (let at = 0; at < order.length; at += PAGE) {
    const page = order.slice(at, at + PAGE);
    const rows = await db.all<LoggedRow>(sql`SELECT ${SELECTED} FROM events
      WHERE seq ${among(page)} ORDER BY timestamp, seq`);
    for (const { seq } of rows) shown.add(seq);
    yield rows;
  }
}

/** What a part reads: events of the log, then those of the archive that earlier parts have not shown. */
type Part = { before: readonly number[]; logged: readonly number[]; archive: ArchivePart | null; next: Place | null };

async function* eventsOf(
  env: Env,
  db: Database,
  person: Person,
  { before, logged, archive }: Part,
): AsyncGenerator<Row[]> {
  const shown = new Set(before);
  for await (const rows of loggedEvents(db, logged, shown)) yield rows.map(readable);
  if (archive === null) return;
  for await (const rows of personsEvents(env, db, archive, person))
    yield rows.filter(({ seq }) => !shown.has(seq)).map(readable);
}

const actorsOf = (player_id: string, visitors: readonly string[]) => [
  player_id,
  ...visitors.map((visitor) => VISITOR + visitor),
];

/** The player's events of the log, in the order of time; read from the index only. */
async function orderOf(db: Database, { project_id, player_id, visitors }: Person): Promise<Logged[]> {
  const actors = actorsOf(player_id, visitors);
  const rows = await db.values<[number, number]>(sql`SELECT timestamp, seq FROM events WHERE project_id = ${project_id}
    AND actor ${among(actors)} ORDER BY timestamp, seq`);
  return rows.map(([timestamp, seq]) => ({ timestamp, seq }));
}

/** The part from a place on, with a limited number of calls. Events before the hour `gone` have left the log. */
export async function partOf(
  db: Database,
  place: Place,
  order: readonly Logged[],
  gone: number,
  calls: number,
): Promise<Part> {
  const first = "log" in place ? order.findIndex((one) => isBehind(one, place.log)) : -1;
  const begun = first === -1 ? order.length : first;
  const seqs = order.map(({ seq }) => seq);
  const most = Math.max(1, calls - 1) * PAGE;
  const last = order[begun + most - 1];
  const [before, logged] = [seqs.slice(0, begun), seqs.slice(begun, begun + most)];
  if (last !== undefined && begun + most < order.length) return { before, logged, archive: null, next: { log: last } };
  const files = Math.min(MOST_FILES, Math.max(1, calls - Math.ceil(logged.length / PAGE)));
  const archive = await nextPart(db, "archive" in place ? place.archive : BEGINNING, gone, files);
  return { before, logged, archive, next: archive.next && { archive: archive.next } };
}

const streamed = (chunks: AsyncGenerator<string>) => {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
};

async function* asJson(
  head: Record<string, unknown>,
  events: AsyncGenerator<Row[]>,
  next_cursor: string | null,
): AsyncGenerator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"events":[`;
  let first = true;
  for await (const rows of events) {
    const texts = rows.map((row) => JSON.stringify({ ...row, data: row.data && parseExact(row.data as string) }));
    if (texts.length > 0) yield `${first ? "" : ","}${texts.join(",")}`;
    first &&= texts.length === 0;
  }
  yield `],"next_cursor":${JSON.stringify(next_cursor)}}`;
}

/** Everything that is stored about the player in addition to events. */
async function otherRows(env: Env, db: Database, project_id: string, player_id: string, visitors: string[]) {
  const rows = (query: SQL) => db.all<Row>(query);
  const { pattern } = wordsOf([player_id, ...visitors].map((name) => [name, ""]));
  const whose = { players: [player_id], visitors, actors: actorsOf(player_id, visitors) };
  const [profile, payments, letters, received, samples] = await Promise.all([
    rows(sql`SELECT first_seen, last_event_at, total_events, total_deposits, first_tag, last_tag, visit_at, registration_at,
      registration_tag, deposit_at, deposit_tag, second_deposit_at, third_deposit_at
      FROM players WHERE project_id = ${project_id} AND person = ${player_id}`),
    rows(sql`SELECT event_date, event_hour, event_type, app_id, platform, banner_tag, currency, total,
      printf('%d.%04d', whole + fraction / 10000, fraction % 10000) AS amount
      FROM payments WHERE project_id = ${project_id} AND person = ${player_id} ORDER BY event_date, event_hour`),
    rows(sql`SELECT id, event, error, failed_at, status FROM dead_letters
      WHERE project_id = ${project_id} AND json_valid(event) AND (event ->> '$.player_id' = ${player_id}
        OR event ->> '$.visitor_id' ${among(visitors)}) ORDER BY id`),
    rows(sql`SELECT source, received_at, click_id, status, said, event FROM received_postbacks
      WHERE ${isReceivedOf(project_id, whose)} ORDER BY n`),
    env.REQUEST_LOG.getByName(project_id).find(pattern),
  ]);
  const times = ([name, value]: [string, Value]) =>
    /^(?:first_seen|\w+_at)$/.test(name) ? [name, iso(value as number | null)] : [name, value];
  return {
    profile: profile[0] ? Object.fromEntries(Object.entries(profile[0]).map(times)) : null,
    payments,
    dead_letters: letters.map(({ event, failed_at, ...letter }) => ({
      ...letter,
      event: JSON.parse(event as string) as unknown,
      failed_at: iso(failed_at as number | null),
    })),
    network_postbacks: received.map(({ event, received_at, ...postback }) => ({
      ...postback,
      event: JSON.parse(event as string) as unknown,
      received_at: iso(received_at as number | null),
    })),
    requests: samples.map(({ at, door, event_type, errors, request }) => ({
      at: iso(at),
      door,
      event_type,
      errors,
      request: JSON.parse(request) as unknown,
    })),
  };
}

const record = z.record(z.string(), z.unknown());
const playerExport = z
  .object({
    project_id: text,
    player_id: text,
    exported_at: instant,
    visitors: z.array(z.string()).describe("The browsers that the player was."),
    profile: record.nullable(),
    payments: z.array(record),
    dead_letters: z.array(record),
    network_postbacks: z.array(record).describe("Postbacks of networks about the player that are not counted yet."),
    requests: z.array(record).describe("Samples of refused requests."),
    events: z
      .array(record)
      .describe(
        "All of them, tests, bots and duplicates included, as they happened; behind them those that have gone from the log, from the archive.",
      ),
    next_cursor: maybe.describe("Ask again with it as `cursor` for more of the events; null at their end."),
  })
  .meta({ id: "PlayerExport" });
const examples = { player_id: "player-77" };

export const playerExportRoutes = [
  route(
    {
      id: "exportPlayer",
      method: "get",
      path: "/players/:player_id/export",
      tag: "Administration",
      role: "admin",
      summary: "All that is kept of a player",
      description:
        "Profile, events, and everything else that names the player, for a person who asks what is known of them.",
      examples,
      query: exportQuery,
      answers: {
        200: {
          description: "Streamed; as CSV or NDJSON the events. Where a part is not all, `Link` names the next one.",
          content: json(playerExport),
          tables: ["text/csv", "application/x-ndjson"],
        },
      },
      audit: "player.export",
    },
    async ({ c, env, db, params, query: { cursor, ...query }, projectFor, act, now }) => {
      const { project_id } = await projectFor(query.project_id);
      const player_id = params.player_id;
      await bringForward(env, db, now);
      const visitors = await visitorsOf(db, project_id, player_id);
      const person = { project_id, player_id, visitors };
      // In this order, so that an event that leaves the log meanwhile is in the one or the other.
      const order = await orderOf(db, person);
      const [project] = await db.select().from(projects).where(eq(projects.project_id, project_id));
      const gone = project === undefined ? 0 : firstHourInLog(project, now);
      const part = await partOf(db, placeOf(cursor), order, gone, budgetOf(env).left - OTHER_CALLS);
      const known = await otherRows(env, db, project_id, player_id, visitors);
      // The erasure of this player finds and rewrites the entry.
      await act({ project_id, subject: player_id }, []);
      const events = eventsOf(env, db, person, part);
      const next = part.next && cursorOf(part.next);
      if (next !== null) c.header("link", `<${following(c.req.url, next)}>; rel="next"`);
      if (formatOf(c) !== "json") return table(c, { body: {}, columns: COLUMNS, rows: events });
      const headers = { "cache-control": "no-store", vary: "accept" };
      const head = { project_id, player_id, exported_at: iso(now), visitors, ...known };
      const text = streamed(asJson(head, events, next));
      return c.body(text, 200, { ...headers, "content-type": "application/json" });
    },
  ),
] as const;
