/**
 * Reads the events of a period from the log, which is in the order of arrival: from the last event of the period backwards,
 * piece by piece, until as many are found as `event_outcomes` has counted for these days. So it reads the events of all
 * projects that arrived since the first event of the period, each once.
 */
import { type SQL, sql } from "drizzle-orm";
import { daysBetween } from "../../calendar.ts";
import { Problem } from "../../http/problem.ts";
import type { Project } from "../../project.ts";
import { isByDays } from "../../projections/figures-progress.ts";
import { NOW, person, withTag } from "../../projections/resolve.ts";
import type { Database } from "../../store/database.ts";
import { among } from "../../store/sql.ts";
import { FIELDS } from "../field-filter.ts";
import type { FirstEvent } from "../first-event.ts";
import { refuseUntilWhole } from "../narrowing.ts";
import { hasRoom } from "../pages.ts";
import { onlyTags, type Period } from "../period.ts";
import { type Found, Gathered } from "./gather.ts";

/** Events that one query looks at: few enough not to delay appends, and to keep the text of its result within D1's limit (2 MB). */
const LOOK = 10_000;
/** The most events of a period that are read, by the memory and time of an invocation. */
const MOST_EVENTS = 500_000;

export type Asked = {
  project_id: string;
  period: Period;
  /** Null: all tags. */
  tags: string[] | null;
  /** Only visits with these fields. */
  fields: FirstEvent;
  /** SQL for the value by which visits are grouped, from the row `e` of the log. */
  value: SQL;
};

/** The events of one project on these days. */
type Which = Pick<Asked, "project_id" | "period">;

const within = ({ project_id, period: { from, to } }: Which) =>
  sql`project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to}`;

/** How many events of the days have been counted so far, with any outcome, and between which places of the log they are. */
const standOf = (db: Database, asked: Which) =>
  db.get<{ first: number; end: number; total: number }>(sql`SELECT
    ifnull((SELECT min(seq) FROM events), 0) AS first,
    1 + min(ifnull((SELECT cursor FROM projections WHERE name = 'outcomes'), 0),
      ifnull((SELECT max(seq) FROM changes WHERE ${within(asked)}), 0)) AS "end",
    ifnull((SELECT sum(total) FROM event_outcomes WHERE ${within(asked)} AND outcome <> 'superseded'), 0) AS total`);

/**
 * How many events of the period a piece of the log has, and those that the report needs, as JSON: a row for each would be
 * three times as large. The tag that an event counts for is looked up only where the request names tags.
 */
function piece(asked: Asked, start: number, end: number): SQL {
  const { project_id, tags, fields, value, period } = asked;
  const fitting = FIELDS.flatMap((field) => {
    const values = fields[field];
    return values === undefined ? [] : [sql`AND e.${sql.raw(field)} ${among(values)}`];
  });
  const matters = sql`e.counted = 1
    AND (e.event_type IN ('registration', 'deposit') OR (e.event_type = 'visit' ${sql.join(fitting, sql` `)}))`;
  const isVisit = sql`r.event_type = 'visit'`;
  const first = sql`r.event_type = 'deposit' AND EXISTS (SELECT 1 FROM players p WHERE p.project_id = r.project_id
    AND p.person = r.person AND p.deposit_date BETWEEN ${period.from} AND ${period.to} ${onlyTags(sql`p.deposit_tag`, tags)})`;
  return sql`
    WITH placed AS ${tags === null ? sql`` : sql`MATERIALIZED`} (
      SELECT e.project_id, e.event_type, e.event_id, e.timestamp, e.event_date, e.amount, e.currency, e.banner_tag AS own_tag,
        CASE WHEN e.event_type = 'visit' THEN ifnull(${value}, '') END AS value, ${person(sql`e`, NOW)} AS person, ${matters} AS matters
      FROM events e NOT INDEXED
      WHERE e.seq >= ${start} AND e.seq < ${end} AND e.project_id = ${project_id}
        AND e.event_date BETWEEN ${period.from} AND ${period.to}
    ), resolved AS (${tags === null ? sql`SELECT * FROM placed` : withTag(NOW)})
    SELECT count(*) AS total, json_group_array(json_array(r.event_type, r.person,
        iif(${isVisit}, r.timestamp, r.event_date), iif(${isVisit}, r.event_id, r.currency), iif(${isVisit}, r.value, r.amount), ${first}))
      FILTER (WHERE r.matters ${tags === null ? sql`` : onlyTags(sql`r.banner_tag`, tags)}) AS found
    FROM resolved r`;
}

type Piece<Row> = { total: number; found: Row[] };
/** A query for the events with `start <= seq < end`: `total`, how many there are, and `found`, a JSON list. */
type PieceOf = (start: number, end: number) => SQL;

/** Where long ids and values make the text of a piece too large, the piece is read in halves. */
async function read<Row>(db: Database, pieceOf: PieceOf, start: number, end: number): Promise<Piece<Row>[]> {
  try {
    const { total, found } = (await db.get<{ total: number | null; found: string }>(pieceOf(start, end))) as {
      total: number | null;
      found: string;
    };
    return [{ total: total ?? 0, found: JSON.parse(found) as Row[] }];
  } catch (error) {
    if (end - start < 2 || !/too big/i.test(`${error} ${(error as Error).cause}`)) throw error;
    const middle = Math.floor((start + end) / 2);
    return [...(await read<Row>(db, pieceOf, middle, end)), ...(await read<Row>(db, pieceOf, start, middle))];
  }
}

/** Reads all events of the period; `look` is how many events one query looks at. */
export async function readPieces<Row>(
  env: Env,
  db: Database,
  asked: Which,
  pieceOf: PieceOf,
  add: (found: Row[]) => void,
  look = LOOK,
): Promise<void> {
  const stand = await standOf(db, asked);
  if (stand === undefined) return;
  if (stand.total > MOST_EVENTS)
    throw Problem.of(
      "from",
      `from must be later: this report reads ${MOST_EVENTS} events at most, and these days have more`,
      "too_many",
    );
  let left = stand.total;
  for (let { end } = stand; end > stand.first && left > 0; end -= look) {
    if (!hasRoom(env))
      throw Problem.of("from", "from must be later: one answer cannot read that much of the log", "too_many");
    for (const { total, found } of await read<Row>(db, pieceOf, Math.max(stand.first, end - look), end)) {
      left -= total;
      add(found);
    }
  }
}

export async function readTraffic(env: Env, db: Database, asked: Asked, look = LOOK): Promise<Gathered> {
  const gathered = new Gathered();
  const add = (found: Found[]) => gathered.add(found);
  await readPieces<Found>(env, db, asked, (start, end) => piece(asked, start, end), add, look);
  return gathered;
}

/** The longest period that is read at once, in days. */
export const MOST_DAYS = 92;

/** Seconds after which to ask again. It is short, since the steps of a review follow each other without a pause. */
const REVIEW_SECONDS = 15;

/**
 * During a review some events in the log are judged by the new bot rules and others by the old ones. After it the tables are
 * empty until all events are counted again.
 */
async function refuseWhileReviewed(env: Env, db: Database, project_id: string): Promise<void> {
  const going = await db.get(sql`SELECT 1 FROM bot_reviews WHERE project_id = ${project_id} AND finished_at IS NULL`);
  if (going !== undefined)
    throw new Problem(503, "The bot rules of the project are being applied to its past events.", {
      headers: { "Retry-After": String(REVIEW_SECONDS) },
    });
  if (await isByDays(db, project_id)) await refuseUntilWhole(env, db);
}

type Asking = {
  env: Env;
  db: Database;
  project: Pick<Project, "project_id" | "settled_before">;
  period: Period;
};

/** @throws where the period has too many days, where its events may have left the log, or while a review changes the log. */
export async function refuseLongOrGone({ env, db, project, period }: Asking): Promise<void> {
  const { project_id, settled_before } = project;
  if (daysBetween(period.from, period.to) > MOST_DAYS)
    throw Problem.of("from", `from must not be more than ${MOST_DAYS} days before to`);
  if (period.from < settled_before)
    throw Problem.of("from", `from must not be before ${settled_before}: earlier events may have left the log`);
  await refuseWhileReviewed(env, db, project_id);
}
