/**
 * Whose event it is, and which tag it counts for: the two answers that every figure about people needs,
 * as SQL over the log. Both are functions of the log up to a `seq` ("as of"), never of the order in which
 * a projection happened to see it, so any projection can ask for them at its own cursor.
 */
import { type SQL, sql } from "drizzle-orm";

/** The events that one step of a projection takes: `after < seq <= upTo`. */
export type Range = { after: number; upTo: number };

/** People whose past changes with this range, as JSON `[[project_id, person], …]`; null where there are none. */
export type Repairs = string | null;

export type Step = Range & { repairs: Repairs };

/** The `seq` at which the log is taken to end. */
export type AsOf = number | SQL;

/** The present end of the log. */
export const NOW = Number.MAX_SAFE_INTEGER;

/** Whether an event counts when the log ends at `asOf`. It may turn out later that it repeats a trusted one. */
export const counts = (alias: SQL, asOf: AsOf): SQL => sql`(${alias}.counted = 1 OR ${alias}.superseded_at > ${asOf})`;

/**
 * A range of the log, to which conditions can be added. NOT INDEXED, because with a condition on the project SQLite would
 * read all of the project's events by an index in place of the range.
 */
export const eventsIn = ({ after, upTo }: Range): SQL =>
  sql`events e NOT INDEXED WHERE e.seq > ${after} AND e.seq <= ${upTo}`;

/** The events that counted when the log ended at `after`, and no longer count at `upTo`. */
export const superseded = ({ after, upTo }: Range): SQL =>
  sql`events e WHERE e.superseded_at > ${after} AND e.superseded_at <= ${upTo} AND e.seq <= ${after}`;

/** `alias` is an event row. A visitor is the player of the earliest event that named both. */
export function person(alias: SQL, asOf: AsOf): SQL {
  return sql`coalesce(${alias}.player_id, (
    SELECT i.player_id FROM identities i
    WHERE i.project_id = ${alias}.project_id AND i.visitor_id = ${alias}.visitor_id AND i.seq <= ${asOf}
    ORDER BY i.seq DESC LIMIT 1), ${alias}.actor)`;
}

/** Every name that a person's events have in the log: the player's own, and their visitors'. */
export function actors(project: SQL, who: SQL, asOf: AsOf): SQL {
  return sql`SELECT ${who} UNION ALL
    SELECT char(31) || i.visitor_id FROM identities i
    WHERE i.project_id = ${project} AND i.player_id = ${who} AND i.seq <= ${asOf} AND NOT EXISTS (
      SELECT 1 FROM identities later WHERE later.project_id = i.project_id AND later.visitor_id = i.visitor_id
        AND later.seq > i.seq AND later.seq <= ${asOf})`;
}

/**
 * A project's attribution window, in milliseconds, for the person of `e`. While the project's people are being attributed
 * again with a new window (see `reattribution.ts`), it depends on whether that is done for this person.
 */
const WINDOW = sql.raw(`(SELECT 86400000 * coalesce((
    SELECT CASE WHEN e.person > r.place THEN r.former_days ELSE r.days END FROM reattributions r
    WHERE r.project_id = w.project_id AND r.place IS NOT NULL), w.attribution_days)
  FROM projects w WHERE w.project_id = e.project_id)`);

/**
 * Rows of `placed`, with the tag that each counts for: its own, else the person's last within the window, else ''. Every
 * projection had read the events that left the log, so what `settled_touches` has of them holds at any `asOf`.
 */
export function withTag(asOf: AsOf): SQL {
  const personsNames = actors(sql`e.project_id`, sql`e.person`, asOf);
  const within = (touch: SQL) =>
    sql`${touch}.timestamp <= e.timestamp AND ${touch}.timestamp > e.timestamp - ${WINDOW}`;
  return sql`SELECT e.*, coalesce(e.own_tag, (
    SELECT banner_tag FROM (
      SELECT * FROM (
        SELECT t.timestamp, t.banner_tag FROM events t
        WHERE t.project_id = e.project_id AND t.actor IN (${personsNames}) AND t.tagged = 1 AND ${within(sql`t`)}
          AND ${counts(sql`t`, asOf)} AND t.seq <= ${asOf}
        ORDER BY t.timestamp DESC, t.event_id DESC LIMIT 1)
      UNION ALL SELECT * FROM (
        SELECT s.timestamp, s.banner_tag FROM settled_touches s
        WHERE s.project_id = e.project_id AND s.person IN (${personsNames}) AND ${within(sql`s`)} ORDER BY s.timestamp DESC LIMIT 1)
    ) ORDER BY timestamp DESC LIMIT 1), '') AS banner_tag
  FROM placed e`;
}

const COLUMNS = sql.raw(
  `e.seq, e.project_id, e.event_id, e.event_date, e.event_hour, e.event_type, e.player_id, e.timestamp,
   e.banner_tag AS own_tag, coalesce(e.country, '') AS country, coalesce(e.device, '') AS device,
   coalesce(e.app_id, '') AS app_id, coalesce(e.platform, '') AS platform, e.amount, e.currency, e.superseded_at`,
);

/**
 * Days before this one are settled: their events may have left the log. What they added to the figures stays unchanged,
 * even if a visitor turns out to be another player.
 */
const SETTLED_BEFORE = sql.raw("(SELECT s.settled_before FROM projects s WHERE s.project_id = e.project_id)");

/**
 * Whether an event is of a settled day. The first part does not depend on the event: where no project has settled days, no
 * further row is read.
 */
export const SETTLED = sql`EXISTS (SELECT 1 FROM projects WHERE settled_before <> '') AND e.event_date < ${SETTLED_BEFORE}`;

/**
 * Which projects: all, those whose reports come from the tables, or those whose reports come from rows of days (see
 * `figures-progress.ts`).
 */
export type ProjectSet = "all" | "tables" | "days";
export const isOf = (project_id: SQL, projectSet: Exclude<ProjectSet, "all">) =>
  sql`EXISTS (SELECT 1 FROM projects w WHERE w.project_id = ${project_id} AND w.by_days = ${sql.raw(projectSet === "days" ? "1" : "0")})`;
/**
 * Whether an event is of a project of the second kind. The first part does not depend on the event: where there is no such
 * project, no further row is read.
 */
export const OF_TABLE_PROJECTS = sql`EXISTS (SELECT 1 FROM projects WHERE by_days = 0) AND ${isOf(sql`e.project_id`, "tables")}`;
/** Whether an event is of a settled day in a project of the third kind. */
export const SETTLED_OF_DAYS = sql`${SETTLED} AND ${isOf(sql`e.project_id`, "days")}`;
/** Whether an event has an amount. */
export const PAID = sql`e.amount IS NOT NULL`;

/** New events, without those of people whose past is counted again; `condition` may narrow them. */
export function newEvents({ after, upTo, repairs }: Step, condition = sql`true`): SQL {
  return sql`placed AS MATERIALIZED (
      SELECT ${COLUMNS}, ${person(sql`e`, upTo)} AS person FROM ${eventsIn({ after, upTo })} AND ${counts(sql`e`, upTo)} AND ${condition}
    ), resolved AS MATERIALIZED (
      ${withTag(upTo)} ${repairs === null ? sql`` : sql`WHERE (e.project_id, e.person) NOT IN (${repairedPeople(repairs)}) OR ${SETTLED}`}
    )`;
}

/** Events of the past, as they are when the log ends at `asOf`; `condition` narrows them. */
export function pastEvents({ after, upTo }: Range, asOf: number, condition: SQL): SQL {
  return sql`placed AS MATERIALIZED (
      SELECT ${COLUMNS}, ${person(sql`e`, asOf)} AS person FROM ${eventsIn({ after, upTo })} AND ${counts(sql`e`, asOf)} AND ${condition}
    ), resolved AS MATERIALIZED (${withTag(asOf)})`;
}

/** The events that counted until this range, as they were before it. */
export function noLongerCounted(range: Range): SQL {
  return sql`placed AS MATERIALIZED (
      SELECT ${COLUMNS}, ${person(sql`e`, range.after)} AS person FROM ${superseded(range)}
    ), resolved AS MATERIALIZED (${withTag(range.after)})`;
}

/** Events of days that are to be settled, as they are when the log ends at `asOf`. */
export function datedEvents(project_id: string, from: string, before: string, asOf: number): SQL {
  return sql`placed AS MATERIALIZED (
      SELECT ${COLUMNS}, ${person(sql`e`, asOf)} AS person FROM events e
      WHERE e.project_id = ${project_id} AND e.event_date >= ${from} AND e.event_date < ${before} AND ${counts(sql`e`, asOf)}
    ), resolved AS MATERIALIZED (${withTag(asOf)})`;
}

/** What the repaired people did on days that are not settled, as it is when the log ends at `asOf`. */
export function pastOfPeople(repairs: string, asOf: AsOf, projectSet: ProjectSet = "all"): SQL {
  return sql`affected(project_id, person) AS MATERIALIZED (${repairedPeople(repairs, projectSet)}
    ), placed AS MATERIALIZED (
      SELECT ${COLUMNS}, a.person AS person FROM affected a CROSS JOIN events e
        ON e.project_id = a.project_id AND e.actor IN (${actors(sql`a.project_id`, sql`a.person`, asOf)})
      WHERE e.seq <= ${asOf} AND ${counts(sql`e`, asOf)} AND e.event_date >= ${SETTLED_BEFORE} AND ${person(sql`e`, asOf)} = a.person
    ), resolved AS MATERIALIZED (${withTag(asOf)})`;
}

/** Whether a row of a table of days is of a settled day: such rows stay. */
export const isSettledDay = (row: SQL) =>
  sql`${row}.event_date < (SELECT s.settled_before FROM projects s WHERE s.project_id = ${row}.project_id)`;

export function repairedPeople(repairs: string, projectSet: ProjectSet = "all"): SQL {
  return sql`SELECT value ->> 0, value ->> 1 FROM json_each(${repairs})
    ${projectSet === "all" ? sql`` : sql`WHERE ${isOf(sql`value ->> 0`, projectSet)}`}`;
}

/**
 * The people whose counted past a range changes: a visitor with a past became a player (or another player's),
 * a tag arrived that is older than untagged events already counted, or an event that was counted repeats a trusted one.
 */
export function repairsOf({ after, upTo }: Range): SQL {
  return sql`
    SELECT i.project_id, i.player_id AS person
    FROM events e JOIN identities i ON i.project_id = e.project_id AND i.visitor_id = e.visitor_id AND i.seq = e.seq
    WHERE e.seq > ${after} AND e.seq <= ${upTo} AND ${hadPast(after)}
    UNION
    SELECT e.project_id, coalesce((
      SELECT b.player_id FROM identities b
      WHERE b.project_id = e.project_id AND b.visitor_id = e.visitor_id AND b.seq <= ${after}
      ORDER BY b.seq DESC LIMIT 1), char(31) || e.visitor_id)
    FROM events e JOIN identities i ON i.project_id = e.project_id AND i.visitor_id = e.visitor_id AND i.seq = e.seq
    WHERE e.seq > ${after} AND e.seq <= ${upTo} AND ${hadPast(after)}
    UNION
    SELECT project_id, person FROM (
      SELECT e.*, ${person(sql`e`, upTo)} AS person FROM events e
      WHERE e.seq > ${after} AND e.seq <= ${upTo} AND ${counts(sql`e`, upTo)} AND e.tagged = 1
    ) AS e
    WHERE EXISTS (
      SELECT 1 FROM events o
      WHERE o.project_id = e.project_id AND o.actor IN (${actors(sql`e.project_id`, sql`e.person`, upTo)})
        AND o.tagged = 0 AND o.timestamp >= e.timestamp AND o.timestamp < e.timestamp + ${WINDOW}
        AND ${counts(sql`o`, after)} AND o.seq <= ${after})
    UNION
    SELECT e.project_id, ${person(sql`e`, after)} FROM ${superseded({ after, upTo })}
    UNION
    SELECT e.project_id, ${person(sql`e`, upTo)} FROM ${superseded({ after, upTo })}`;
}

function hadPast(after: number): SQL {
  return sql`EXISTS (SELECT 1 FROM events p WHERE p.project_id = e.project_id
    AND p.actor = char(31) || e.visitor_id AND p.seq <= ${after})`;
}
