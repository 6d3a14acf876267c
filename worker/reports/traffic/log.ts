/**
 * Reads the events of a period from the log, which is in the order of arrival: from the last event of the period's days back,
 * piece by piece, until all are found that `event_outcomes` has counted for these days. So as many events are read as came
 * since the first of the period, of all projects.
 */
import { type SQL, sql } from "drizzle-orm";
import { Problem } from "../../http/problem.ts";
import { UNITS } from "../../money.ts";
import { NOW, person, withTag } from "../../projections/resolve.ts";
import { type Database, prepared } from "../../store/database.ts";
import { among } from "../../store/sql.ts";
import { FIELDS } from "../field-filter.ts";
import type { FirstEvent } from "../first-event.ts";
import { hasRoom } from "../pages.ts";
import { onlyTags, type Period } from "../period.ts";
import { type Found, Gathered } from "./gather.ts";

/** So that no query holds up appends for long. */
const LOOK = 20_000;
/** Events of a period that are read: what an invocation has memory and time for. */
const MOST_EVENTS = 500_000;

export type Asked = {
  project_id: string;
  period: Period;
  /** Of these tags; null is any. */
  tags: string[] | null;
  /** Which visits. */
  fields: FirstEvent;
  /** What they are grouped by, of a row that is called `e`. */
  value: SQL;
};

const within = ({ project_id, period: { from, to } }: Asked) =>
  sql`project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to}`;

/** Events of each day, whatever became of them, as far as they are counted; and between which places of the log they lie. */
async function standOf(db: Database, asked: Asked) {
  const rows = await db.all<{ event_date: string | null; total: number; first: number; end: number }>(sql`
    WITH stand AS (SELECT ifnull((SELECT min(seq) FROM events), 0) AS first, 1 + min(
      ifnull((SELECT cursor FROM projections WHERE name = 'outcomes'), 0),
      ifnull((SELECT max(seq) FROM changes WHERE ${within(asked)}), 0)) AS end)
    SELECT o.event_date, ifnull(o.total, 0) AS total, stand.first, stand.end FROM stand LEFT JOIN (
      SELECT event_date, sum(total) AS total FROM event_outcomes
      WHERE ${within(asked)} AND outcome <> 'superseded' GROUP BY event_date) o`);
  const { first = 0, end = 0 } = rows[0] ?? {};
  const left = new Map(rows.flatMap(({ event_date, total }) => (event_date === null ? [] : [[event_date, total]])));
  return { first, end, left };
}

/** Alike events of a piece of the log. The tag that an event counts for is looked up only where tags matter. */
function piece(asked: Asked, start: number, end: number): SQL {
  const { project_id, tags, fields, value, period } = asked;
  const fitting = FIELDS.flatMap((field) => {
    const values = fields[field];
    return values === undefined ? [] : [sql`AND e.${sql.raw(field)} ${among(values)}`];
  });
  const resolved = tags === null ? sql`SELECT * FROM placed` : withTag(NOW);
  return sql`
    WITH placed AS MATERIALIZED (
      SELECT e.project_id, e.event_type, e.event_id, e.timestamp, e.event_date, e.amount, e.currency, e.banner_tag AS own_tag,
        CASE WHEN e.event_type = 'visit' THEN ifnull(${value}, '') ELSE '' END AS value, ${person(sql`e`, NOW)} AS person
      FROM events e NOT INDEXED
      WHERE e.seq >= ${start} AND e.seq < ${end} AND e.project_id = ${project_id}
        AND e.event_date BETWEEN ${period.from} AND ${period.to} AND e.counted = 1
        AND (e.event_type IN ('registration', 'deposit') OR (e.event_type = 'visit' ${sql.join(fitting, sql` `)}))
    ), resolved AS (${resolved})
    SELECT r.person, r.event_type, r.value, count(*) AS events,
      min(CASE WHEN r.event_type = 'visit' THEN printf('%015d %s', r.timestamp, r.event_id) ELSE '' END) AS first,
      CASE WHEN r.event_type = 'visit' THEN '' ELSE r.event_date END AS event_date,
      CASE WHEN r.event_type = 'deposit' AND r.amount IS NOT NULL THEN r.currency END AS currency,
      ifnull(sum(r.amount / ${sql.raw(String(UNITS))}), 0) AS whole,
      ifnull(sum(r.amount % ${sql.raw(String(UNITS))}), 0) AS fraction,
      r.event_type = 'deposit' AND EXISTS (SELECT 1 FROM players p WHERE p.project_id = r.project_id AND p.person = r.person
        AND p.deposit_date BETWEEN ${period.from} AND ${period.to} ${onlyTags(sql`p.deposit_tag`, tags)}) AS deposits_first
    FROM resolved r WHERE true ${tags === null ? sql`` : onlyTags(sql`r.banner_tag`, tags)}
    GROUP BY 1, 2, 3, 6, 7`;
}

/** How many of a piece are of the period, whatever became of them. */
const counted = (asked: Asked, start: number, end: number): SQL => sql`SELECT event_date, count(*) AS total
  FROM events NOT INDEXED WHERE seq >= ${start} AND seq < ${end} AND ${within(asked)} GROUP BY event_date`;

/** `look` is how many events one query looks at. */
export async function readTraffic(env: Env, db: Database, asked: Asked, look = LOOK): Promise<Gathered> {
  const gathered = new Gathered();
  const { first, end: last, left } = await standOf(db, asked);
  const all = [...left.values()].reduce((sum, total) => sum + total, 0);
  if (all > MOST_EVENTS)
    throw Problem.of(
      "from",
      `from must be later: this report reads ${MOST_EVENTS} events at most, and these days have more`,
      "too_many",
    );
  for (let end = last; end > first && [...left.values()].some((total) => total > 0); end -= look) {
    if (!hasRoom(env))
      throw Problem.of("from", "from must be later: one answer cannot read so much of the log", "too_many");
    const start = Math.max(first, end - look);
    const [found, counts] = await db.$client.batch([
      prepared(db, piece(asked, start, end)),
      prepared(db, counted(asked, start, end)),
    ]);
    gathered.add((found?.results ?? []) as Found[]);
    for (const { event_date, total } of (counts?.results ?? []) as { event_date: string; total: number }[])
      left.set(event_date, (left.get(event_date) ?? 0) - total);
  }
  return gathered;
}
