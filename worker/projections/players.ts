/**
 * A row for each player, and for each visitor who paid: when they were first and last seen, and their milestones with date
 * and tag. A milestone is sortable text (see the migrations), so that the earlier of two is their minimum. Also `funnel`:
 * how many people took each step on which day, and how long after the step before; only for projects whose reports come
 * from it.
 */
import { type SQL, sql } from "drizzle-orm";
import { FIRST_DATE } from "./doings.ts";
import type { Attributed, Tables } from "./projection.ts";
import {
  actors,
  counts,
  isOf,
  isSettledDay,
  NOW,
  newEvents,
  OF_TABLE_PROJECTS,
  type ProjectSet,
  pastOfPeople,
  type Range,
  repairedPeople,
  SETTLED,
} from "./resolve.ts";

const KEY = sql.raw("printf('%015d', timestamp) || ' ' || event_date || ' ' ||");

const FIELDS = ["country", "device", "app_id", "platform"];
/** An event's time and fields, as sortable text: the first event's is the least. Of two in the same millisecond it is the one that sorts first. */
const eventOf = (value: (field: string) => string) =>
  sql.raw(`printf('%015d', timestamp) || ' ' || json_array(${FIELDS.map(value).join(", ")})`);
const EVENT = eventOf((field) => field);
/** The same for rows of the log, where a missing field is NULL. */
const EVENT_OF_LOG = eventOf((field) => `ifnull(${field}, '')`);

/** Whether an event has an amount, or is a deposit without one. */
const paid = (alias: string) => sql.raw(`(${alias}.amount IS NOT NULL OR ${alias}.event_type = 'deposit')`);

/** The steps of the funnel, by their milestone. */
export const FUNNEL_STEPS = ["visit", "registration", "deposit", "second_deposit"] as const;

/** The least of expressions that are milestones or null. Nothing sorts behind '~', which means "not yet". */
const earliest = (...milestones: string[]) =>
  `nullif(min(${milestones.map((one) => (one.startsWith("max(") ? one : `ifnull(${one}, '~')`)).join(", ")}), '~')`;
const later = (one: string, other: string) => `max(ifnull(${one}, '~'), ifnull(${other}, '~'))`;

/** NULL for people who are older than the column, until they are looked up: a later event must not count as their first. */
const unlessUnknown = (column: string, value: string) =>
  `CASE WHEN k.first_seen IS NULL OR k.${column} IS NOT NULL THEN ${value} END`;

/** Every column except the key, from what is known of a person (`k`) and what is new (`n`). */
const COLUMNS: Record<string, string> = {
  player_id: "n.player_id",
  first_seen: "min(n.first_seen, ifnull(k.first_seen, n.first_seen))",
  last_event_at: "max(n.last_event_at, ifnull(k.last_event_at, n.last_event_at))",
  total_events: "n.total_events + ifnull(k.total_events, 0)",
  total_deposits: "n.total_deposits + ifnull(k.total_deposits, 0)",
  first_date: unlessUnknown("first_date", "min(n.first_date, ifnull(k.first_date, n.first_date))"),
  first_event: unlessUnknown("first_event", earliest("n.first_event", "k.first_event")),
  first_touch: earliest("n.first_touch", "k.first_touch"),
  last_touch: "nullif(max(ifnull(n.last_touch, ''), ifnull(k.last_touch, '')), '')",
  visit: earliest("n.visit", "k.visit"),
  registration: earliest("n.registration", "k.registration"),
  // The three earliest of the three stored deposits and the three earliest new ones.
  deposit: earliest("n.deposit", "k.deposit"),
  second_deposit: earliest("n.second_deposit", "k.second_deposit", later("n.deposit", "k.deposit")),
  third_deposit: earliest(
    "n.third_deposit",
    "k.third_deposit",
    later("n.second_deposit", "k.deposit"),
    later("n.deposit", "k.second_deposit"),
  ),
};
const NAMES = Object.keys(COLUMNS);

/** The table with the rows to which events are added: all of a person, or what is settled of them. */
type Known = "players" | "settled_players";

/**
 * `merged`: the rows of all people with events, from these events and the existing row. With `repairs` also of people
 * without events on days that are not settled.
 */
function merged(resolved: SQL, known: Known, repairs: string | null = null, projectSet: ProjectSet = "all"): SQL {
  return sql`${resolved}, marked AS (
      SELECT *, ${KEY} banner_tag AS milestone, ${KEY} own_tag AS touch, ${EVENT} AS event FROM resolved
    ), ranked AS (
      SELECT *, row_number() OVER (PARTITION BY project_id, person, event_type ORDER BY milestone) AS nth FROM marked
    ), new AS (
      SELECT project_id, person, CASE WHEN substr(person, 1, 1) <> char(31) THEN person END AS player_id,
        min(timestamp) AS first_seen, max(timestamp) AS last_event_at, count(*) AS total_events,
        count(*) FILTER (WHERE event_type = 'deposit') AS total_deposits,
        min(event_date) AS first_date, min(event) AS first_event, min(touch) AS first_touch, max(touch) AS last_touch,
        min(milestone) FILTER (WHERE event_type = 'visit') AS visit,
        min(milestone) FILTER (WHERE event_type = 'registration') AS registration,
        min(milestone) FILTER (WHERE event_type = 'deposit') AS deposit,
        min(milestone) FILTER (WHERE event_type = 'deposit' AND nth = 2) AS second_deposit,
        min(milestone) FILTER (WHERE event_type = 'deposit' AND nth = 3) AS third_deposit
      FROM ranked GROUP BY project_id, person
    ), merged AS MATERIALIZED (
      SELECT n.project_id, n.person, ${sql.raw(NAMES.map((name) => `${COLUMNS[name]} AS ${name}`).join(", "))}
      FROM new n LEFT JOIN ${sql.raw(known)} k ON k.project_id = n.project_id AND k.person = n.person
      ${repairs === null ? sql`` : settledOnly(repairs, projectSet)}
    )`;
}

const settledOnly = (repairs: string, projectSet: ProjectSet) => sql`
  UNION ALL SELECT project_id, person, ${sql.raw(NAMES.join(", "))} FROM settled_players s
  WHERE (s.project_id, s.person) IN (${repairedPeople(repairs, projectSet)})
    AND NOT EXISTS (SELECT 1 FROM new n WHERE n.project_id = s.project_id AND n.person = s.person)`;

/**
 * The rows of `merged` that are written. Where reports come from rows of days, nobody reads the row of a visitor who has
 * never paid, and most rows would be of such visitors: they are left out. A visitor who pays later is looked up in the log
 * (`firstPayments`).
 */
const KEPT = sql`(m.player_id IS NOT NULL OR m.total_deposits > 0
  OR (m.project_id, m.person) IN (SELECT project_id, person FROM resolved WHERE ${paid("resolved")})
  OR EXISTS (SELECT 1 FROM players p WHERE p.project_id = m.project_id AND p.person = m.person)
  OR EXISTS (SELECT 1 FROM payments y
    WHERE y.project_id = m.project_id AND y.person = m.person AND ${isSettledDay(sql`y`)})
  OR ${isOf(sql`m.project_id`, "tables")})`;

const upsert = (
  rows: SQL,
  into: Known = "players",
) => sql`INSERT INTO ${sql.raw(into)} (project_id, person, ${sql.raw(NAMES.join(", "))})
  WITH ${rows} SELECT * FROM merged m WHERE ${into === "players" ? KEPT : sql`true`}
  ON CONFLICT DO UPDATE SET ${sql.raw(NAMES.map((name) => `${name} = excluded.${name}`).join(", "))}`;

/** Visitors without a row who pay in this range and have earlier events. */
const firstPayments = ({ after, upTo }: Range): SQL => sql`
  SELECT e.project_id, e.actor AS person FROM events e
  WHERE e.seq > ${after} AND e.seq <= ${upTo} AND e.player_id IS NULL AND ${paid("e")} AND ${counts(sql`e`, upTo)}
    AND NOT EXISTS (SELECT 1 FROM players p WHERE p.project_id = e.project_id AND p.person = e.actor)
    AND (EXISTS (SELECT 1 FROM settled_players s WHERE s.project_id = e.project_id AND s.person = e.actor)
      OR EXISTS (SELECT 1 FROM events b WHERE b.project_id = e.project_id AND b.actor = e.actor AND b.seq <= ${after}))`;

const at = (milestone: string) => `CAST(substr(${milestone}, 1, 15) AS INTEGER)`;
const inOrder = FUNNEL_STEPS.slice(1).map((step, index) => `${at(step)} >= ${at(FUNNEL_STEPS[index] as string)}`);
const byStep = (expressionOf: (index: number) => string) =>
  `CASE s.value ${FUNNEL_STEPS.map((_, index) => `WHEN ${index} THEN ${expressionOf(index)}`).join(" ")} END`;
const STEP = sql.raw(byStep((index) => FUNNEL_STEPS[index] as string));
const STEP_BEFORE = sql.raw(byStep((index) => FUNNEL_STEPS[index - 1] ?? "NULL"));
/** Whether all steps up to this one were taken, each after the step before it. */
const ORDERED = sql.raw(byStep((index) => ["visit IS NOT NULL", ...inOrder.slice(0, index)].join(" AND ")));
const MILESTONES = sql.raw(FUNNEL_STEPS.join(", "));

/** Counts again the people of `merged` and of `before`, the rows as they were. */
function countFunnel(rows: SQL, before: SQL): SQL {
  return sql`INSERT INTO funnel (project_id, anchor, event_date, step, banner_tag, elapsed, people)
    WITH ${rows}, states AS MATERIALIZED (
      SELECT 1 AS sign, project_id, ${MILESTONES} FROM merged
      UNION ALL SELECT -1, project_id, ${MILESTONES} FROM (${before})
    ), taken AS (
      SELECT sign, project_id, s.value AS step, ${STEP} AS milestone, ${STEP_BEFORE} AS before, visit, ${ORDERED} AS ordered
      FROM states CROSS JOIN json_each('[0,1,2,3]') s
    ), anchored AS (
      SELECT sign, project_id, a.value AS anchor, step, CASE a.value WHEN 'visit' THEN visit ELSE milestone END AS anchored,
        ifnull(max(${sql.raw(`${at("milestone")} - ${at("before")}`)}, -1), -1) AS elapsed
      FROM taken CROSS JOIN json_each('["visit","event"]') a
      WHERE milestone IS NOT NULL AND (ordered OR a.value = 'event')
    )
    SELECT project_id, anchor, substr(anchored, 17, 10), step, substr(anchored, 28), elapsed, sum(sign) FROM anchored
    WHERE true GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(sign) <> 0
    ON CONFLICT DO UPDATE SET people = people + excluded.people`;
}

/** Stores what these events add to their people's rows, so that it still counts when the events have left the log. */
export const settle = (resolved: SQL) => upsert(merged(resolved, "settled_players"), "settled_players");

/** For at most `most` people without a value in a column. */
const lacking = (column: string, most: number) => sql`(project_id, person) IN (
  SELECT project_id, person FROM players WHERE ${sql.raw(column)} IS NULL LIMIT ${sql.raw(String(most))})`;

/** Fills in `first_date` where it is NULL, for `most` people. */
const lookUpDate = (most: number): SQL =>
  sql`UPDATE players SET first_date = ${FIRST_DATE} WHERE ${lacking("first_date", most)}`;

/**
 * Fills in `first_event` from the log where it is NULL, for `most` people. Fields are empty where the log no longer has
 * that event.
 */
const lookUp = (most: number): SQL => sql`UPDATE players SET first_event = ifnull((
    SELECT min(${EVENT_OF_LOG}) FROM events e
    WHERE e.project_id = players.project_id AND e.actor IN (${actors(sql`players.project_id`, sql`players.person`, NOW)})
      AND e.tagged IN (0, 1) AND e.timestamp = players.first_seen AND e.counted = 1
  ), printf('%015d', first_seen) || ' ["","","",""]')
  WHERE ${lacking("first_event", most)}`;

/** The present rows show what to subtract from the funnel, so one statement does both. */
const attributed: Attributed = {
  takeOut: () => [],
  putIn: (people, asOf) => {
    const known = sql`SELECT * FROM players WHERE (project_id, person) IN (${repairedPeople(people, "tables")})`;
    const recounted = (projectSet: ProjectSet) =>
      merged(pastOfPeople(people, asOf, projectSet), "settled_players", people, projectSet);
    return [
      countFunnel(recounted("tables"), known),
      sql`DELETE FROM players WHERE (project_id, person) IN (${repairedPeople(people)})`,
      upsert(recounted("all")),
    ];
  },
};

export const players: Tables = {
  name: "players",
  after: ["identities"],
  aboutPeople: true,
  attributed,
  repairs: firstPayments,
  apply: ({ repairs, ...range }) => {
    const step = { ...range, repairs };
    const statements = [
      countFunnel(
        merged(newEvents(step, OF_TABLE_PROJECTS), "players"),
        sql`SELECT k.* FROM merged m JOIN players k ON k.project_id = m.project_id AND k.person = m.person`,
      ),
      upsert(merged(newEvents(step), "players")),
      settle(newEvents({ ...range, repairs: null }, SETTLED)),
      lookUp(range.upTo - range.after),
      lookUpDate(range.upTo - range.after),
    ];
    return repairs === null ? statements : [...attributed.putIn(repairs, range.upTo), ...statements];
  },
  clear: () => [sql`DELETE FROM players`, sql`DELETE FROM funnel`],
};
