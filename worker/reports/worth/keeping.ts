/**
 * Keeps what everyone is worth in `lifetime_values`, a row for each person, and their sums in `lifetime_sums`, so that no
 * report reads every payment. The rows are brought up to date when somebody asks, and only for people with new events: a row
 * costs nothing while nobody looks. What else changes amounts, such as a new rate, is the basis of all rows: with another
 * basis all people are gone through again, some at a time. Each step computes people from `players` and `payments` as they are
 * in its transaction, so a repeated or lost step changes nothing.
 */
import { type SQL, sql } from "drizzle-orm";
import { RESTORING } from "../../archive/restoring.ts";
import { type Duty, wake } from "../../duties/duty.ts";
import { log } from "../../log.ts";
import { budgetOf } from "../../store/budget.ts";
import { type Database, databaseOf, transact } from "../../store/database.ts";
import { isGuarded } from "../../store/guard.ts";
import { among } from "../../store/sql.ts";
import { HOUR_MS } from "../../time.ts";
import { BEHIND_VISITORS, type Some, worth } from "./from-payments.ts";

/** A change of what a row contains, such as of the segments, needs another number. */
const LAYOUT = 1;
/**
 * People of one step, and events whose people one step brings up to date: where more have come, going through all people is
 * less work.
 */
export type StepSize = { people: number; events: number };
const SIZE: StepSize = { people: 5_000, events: 20_000 };
/** Steps that a reader waits for; a duty does the others. */
const STEPS_OF_A_READER = 5;
/** Calls and statements of a step. */
const STEP_CALLS = 8;

/** The projections whose tables the rows are computed from. */
const SOURCES = ["identities", "players", "payments"];
const sources = sql`json_each(${JSON.stringify(SOURCES)})`;
/** The places of these tables in the log: the first and the last. */
const cursors = (aggregate: "min" | "max") => sql`(SELECT ${sql.raw(aggregate)}(ifnull(p.cursor, 0))
  FROM ${sources} n LEFT JOIN projections p ON p.name = n.value)`;
/** The last event that all of them have. */
const READ = cursors("min");

/** What all rows depend on besides events: rates, rebuilt tables, attribution, names, restored and removed events. */
const BASIS = (project_id: string): SQL => sql`json_array(${LAYOUT}, (SELECT max(loaded_at) FROM exchange_rates),
  (SELECT json_group_array(p.epoch) FROM ${sources} n JOIN projections p ON p.name = n.value),
  (SELECT moves FROM reattributions WHERE project_id = ${project_id}), (SELECT generation FROM renaming),
  (SELECT began_at FROM restores),
  (SELECT json_group_array(removed || ' ' || swept_before) FROM sweeps WHERE project_id = ${project_id}))`;

/** While people are renamed, or the log is restored, the tables do not belong together. */
const IS_HELD = sql`(EXISTS (SELECT 1 FROM renaming WHERE erasure_id IS NOT NULL) OR ${RESTORING})`;

/** Whether the rows have all events that the tables have, which are at the same place in the log, on the present basis. */
export const IS_COMPLETE = (project_id: string): SQL => sql`(NOT ${IS_HELD} AND EXISTS (
  SELECT 1 FROM lifetime_progress WHERE project_id = ${project_id} AND place IS NULL
    AND cursor >= ${cursors("max")} AND basis = ${BASIS(project_id)}))`;

type Progress = { basis: string; cursor: number; place: string | null; moves: number };
type Look = Progress & { now: string; read: number; held: 0 | 1 };

const look = (db: Database, project_id: string): Promise<Look> =>
  db.get<Look>(sql`SELECT ${BASIS(project_id)} AS now, ${READ} AS read, ${IS_HELD} AS held, ifnull(l.basis, '') AS basis,
    ifnull(l.cursor, 0) AS cursor, l.place, ifnull(l.moves, 0) AS moves
    FROM (SELECT 1) LEFT JOIN lifetime_progress l ON l.project_id = ${project_id}`);

const SUMMED = ["payments", "without_rate", "spend_whole", "spend_rest", "withdrawn_whole", "withdrawn_rest"];
const VALUES = [
  ...["banner_tag", "segment", ...SUMMED],
  ...["first_purchase_date", "last_purchase_date", "spend_without_rate"],
];
const list = (names: readonly string[], of = (name: string) => name) => sql.raw(names.map(of).join(", "));

/** Computes some people's rows again, and adds the differences to the sums. */
function recomputed(project_id: string, some: NonNullable<Some>): SQL[] {
  const present = worth(project_id, { tags: null, firstEvent: {} }, some);
  const former = sql`project_id = ${project_id} AND ${some(sql`person`)}`;
  const columns = list(["banner_tag", "segment", ...SUMMED]);
  return [
    sql`INSERT INTO lifetime_sums (project_id, banner_tag, segment, players, payers, ${list(SUMMED)})
      WITH ${present}, both AS (
        SELECT 1 AS sign, ${columns} FROM worth
        UNION ALL SELECT -1, ${columns} FROM lifetime_values WHERE ${former}
      ), added AS (
        SELECT banner_tag, segment, sum(sign) AS players, sum(sign * (payments > 0)) AS payers,
          ${list(SUMMED, (name) => `sum(sign * ${name}) AS ${name}`)}
        FROM both GROUP BY banner_tag, segment
      )
      SELECT ${project_id}, * FROM added
      WHERE ${sql.raw(["players", "payers", ...SUMMED].map((name) => `${name} <> 0`).join(" OR "))}
      ON CONFLICT DO UPDATE SET ${list(["players", "payers", ...SUMMED], (name) => `${name} = ${name} + excluded.${name}`)}`,
    // Visitors who are a player by now, or whose payments have gone.
    sql`DELETE FROM lifetime_values WHERE ${former} AND NOT EXISTS (SELECT 1 FROM players p
      WHERE p.project_id = lifetime_values.project_id AND p.person = lifetime_values.person AND (p.person > ${BEHIND_VISITORS}
        OR EXISTS (SELECT 1 FROM payments y WHERE y.project_id = p.project_id AND y.person = p.person)))`,
    sql`INSERT INTO lifetime_values (project_id, person, ${list(VALUES)})
      WITH ${present} SELECT ${project_id}, person, ${list(VALUES)} FROM worth w
      WHERE NOT EXISTS (SELECT 1 FROM lifetime_values v WHERE v.project_id = ${project_id} AND v.person = w.person
        AND ${sql.raw(VALUES.map((name) => `v.${name} IS w.${name}`).join(" AND "))})
      ON CONFLICT DO UPDATE SET ${list(VALUES, (name) => `${name} = excluded.${name}`)}`,
  ];
}

/** Everyone whose row the events of a range may change: their actors, and all players that their visitors ever were. */
async function changedPeople(db: Database, project_id: string, after: number, upTo: number): Promise<string[]> {
  const people = await db.values<[string]>(sql`
    WITH changed AS MATERIALIZED (
      SELECT player_id, visitor_id FROM events e NOT INDEXED
        WHERE e.seq > ${after} AND e.seq <= ${upTo} AND e.project_id = ${project_id}
      UNION SELECT player_id, visitor_id FROM events e
        WHERE e.superseded_at > ${after} AND e.superseded_at <= ${upTo} AND e.project_id = ${project_id})
    SELECT player_id FROM changed WHERE player_id IS NOT NULL
    UNION SELECT char(31) || visitor_id FROM changed WHERE visitor_id IS NOT NULL
    UNION SELECT i.player_id FROM changed c CROSS JOIN identities i
      ON i.project_id = ${project_id} AND i.visitor_id = c.visitor_id`);
  return people.map(([person]) => person);
}

/** The last of the next people in the order of their names: visitors who paid, then players. Null where these are all. */
async function lastOfNext(
  db: Database,
  project_id: string,
  place: string,
  { people }: StepSize,
): Promise<string | null> {
  const found = await db.get<{ person: string | null; people: number }>(sql`
    SELECT max(person) AS person, count(*) AS people FROM (SELECT person FROM (
      SELECT * FROM (SELECT DISTINCT person FROM payments INDEXED BY payments_by_person
        WHERE project_id = ${project_id} AND person > ${place} AND person < ${BEHIND_VISITORS} ORDER BY person LIMIT ${people})
      UNION ALL SELECT * FROM (SELECT person FROM players
        WHERE project_id = ${project_id} AND person > max(${place}, ${BEHIND_VISITORS}) ORDER BY person LIMIT ${people})
    ) ORDER BY person LIMIT ${people})`);
  return found.people < people ? null : found.person;
}

type Step = { to: Omit<Progress, "moves">; some: NonNullable<Some> };

async function nextStep(db: Database, project_id: string, at: Look, size: StepSize): Promise<Step> {
  const begins = at.basis !== at.now || (at.place === null && at.read - at.cursor > size.events);
  const place = begins ? "" : at.place;
  if (place === null) {
    const people = await changedPeople(db, project_id, at.cursor, at.read);
    return {
      to: { basis: at.now, cursor: at.read, place: null },
      some: (person) => sql`${person} ${among(people)}`,
    };
  }
  const last = await lastOfNext(db, project_id, place, size);
  return {
    to: { basis: at.now, cursor: begins ? at.read : at.cursor, place: last },
    some: (person) => (last === null ? sql`${person} > ${place}` : sql`${person} > ${place} AND ${person} <= ${last}`),
  };
}

/** Fails, and so does the transaction, if another step was faster, or the basis has changed: NULL is not allowed. */
const move = (project_id: string, { moves, now }: Look, { basis, cursor, place }: Step["to"]): SQL[] => [
  sql`INSERT OR IGNORE INTO lifetime_progress (project_id, basis, cursor, place, moves) VALUES (${project_id}, '', 0, NULL, 0)`,
  sql`UPDATE lifetime_progress SET basis = ${basis}, cursor = CAST(${cursor} AS INTEGER), place = ${place},
    moves = CASE WHEN moves = ${moves} AND ${BASIS(project_id)} = ${now} AND NOT ${IS_HELD} THEN moves + 1 END
    WHERE project_id = ${project_id}`,
];
const lostMove = (error: unknown): boolean => isGuarded(error, "lifetime_progress.moves");

/** `held`: nothing may change now. */
type Outcome = "complete" | "more" | "held";

export async function step(db: Database, project_id: string, size = SIZE): Promise<Outcome> {
  const at = await look(db, project_id);
  if (at.held) return "held";
  if (at.basis === at.now && at.place === null && at.cursor >= at.read) return "complete";
  const { to, some } = await nextStep(db, project_id, at, size);
  try {
    await transact(db, [...move(project_id, at, to), ...recomputed(project_id, some)]);
  } catch (error) {
    if (!lostMove(error)) throw error;
  }
  return "more";
}

/**
 * Brings the rows of a project up to date, as far as a reader can wait. Returns whether they are. Readers do not need them, so a
 * failure, such as a database that takes no more rows today, is only logged.
 */
export async function bringUpToDate(env: Env, db: Database, project_id: string): Promise<boolean> {
  try {
    for (let steps = 0; steps < STEPS_OF_A_READER && budgetOf(env).has(2 * STEP_CALLS); steps++) {
      const outcome = await step(db, project_id);
      if (outcome !== "more") return outcome === "complete";
    }
    await wake(env, [lifetimeValues.name]);
  } catch (error) {
    log("warn", "lifetime values not kept", { project_id, error: String(error) });
  }
  return false;
}

/**
 * Goes through all people of projects where this has begun, in turn: those with the fewest steps first. A failure of one project
 * does not delay others. Nothing is done for projects that nobody asks about.
 */
export const lifetimeValues: Duty = {
  name: "lifetime values",
  every: HOUR_MS,
  async run(env, budget) {
    const db = databaseOf(env);
    const failed = new Set<string>();
    while (budget.has(STEP_CALLS + 1)) {
      const begun = await db.get<{ project_id: string } | undefined>(
        sql`SELECT project_id FROM lifetime_progress WHERE place IS NOT NULL AND NOT (project_id ${among(failed)})
          ORDER BY moves, project_id LIMIT 1`,
      );
      if (!begun) return failed.size > 0 ? "later" : "done";
      const { project_id } = begun;
      try {
        if ((await step(db, project_id)) === "held") return "later";
      } catch (error) {
        log("error", "lifetime values not computed", { project_id, error: String(error) });
        failed.add(project_id);
      }
    }
    return "more";
  },
};
