/**
 * Writes a row for each target and new event to send, together with the move of the cursor, so an event is sent once, even
 * if a step runs again. The rows are never rebuilt: what was sent is not sent again, however often the log is read.
 */

import { type SQL, sql } from "drizzle-orm";
import { runnerOf } from "../duties/duty.ts";
import { macrosOf } from "../postbacks/request.ts";
import { type Candidate, type Target, targetsOf, tells } from "../postbacks/target.ts";
import { isPseudonym } from "../pseudonym.ts";
import type { Database } from "../store/database.ts";
import { pieces } from "../store/pieces.ts";
import type { Delivery } from "./projection.ts";
import { actors, counts, eventsIn, newEvents, type Range, superseded } from "./resolve.ts";

/** Without targets cron brings it forward; with a target each append does. */
export const EVERY_MS = 5 * 60_000;

/** How long it waits for the tables, in milliseconds. */
const TABLES_MS = 20_000;

type Row = Candidate & { event_id: string; person: string; own_tag: string | null };

/** Whether a target needs the person of an event, or the tag that an event without one counts for. */
const needsPeople = (target: Target): boolean =>
  target.first_deposit || target.banner_tags !== null || macrosOf(target).includes("banner_tag");

/** The person has no earlier deposit, neither in the log nor among the events that have left it. */
const isFirst = (upTo: number): SQL => {
  const personsNames = actors(sql`r.project_id`, sql`r.person`, upTo);
  return sql`r.event_type = 'deposit' AND NOT EXISTS (SELECT 1 FROM events d
      WHERE d.project_id = r.project_id AND d.actor IN (${personsNames}) AND d.event_type = 'deposit' AND d.seq < r.seq AND ${counts(sql`d`, upTo)})
    AND NOT EXISTS (SELECT 1 FROM settled_players s
      WHERE s.project_id = r.project_id AND s.person IN (${personsNames}) AND s.deposit IS NOT NULL)`;
};

/** The types of events that a project's targets get. */
const wanted = (targets: readonly Target[], test: boolean): SQL => {
  const pairs = targets
    .filter((one) => one.test === test)
    .flatMap((one) => one.event_types.map((type) => [one.project_id, type]));
  return sql`(e.project_id, e.event_type) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(pairs)}))`;
};

/** Events that count, with the tag that they count for; and test events, with the tag that they name. */
const candidates = (db: Database, targets: readonly Target[], { after, upTo }: Range) => {
  const first = targets.some(({ first_deposit }) => first_deposit) ? isFirst(upTo) : sql`0`;
  return db.all<Row>(sql`WITH ${newEvents({ after, upTo, repairs: null }, wanted(targets, false))}
    SELECT r.project_id, r.event_id, r.event_type, r.person, r.own_tag, r.banner_tag, r.amount, r.currency,
      min(e.timestamp, e.received_at) AS at, 0 AS test, (${first}) AS first, r.seq
    FROM resolved r JOIN events e ON e.seq = r.seq
    UNION ALL
    SELECT e.project_id, e.event_id, e.event_type, e.actor, e.banner_tag, ifnull(e.banner_tag, ''), e.amount, e.currency,
      min(e.timestamp, e.received_at), 1, 1, e.seq
    FROM ${eventsIn({ after, upTo })} AND e.test = 1 AND e.bot IS NULL AND e.duplicate_of IS NULL
      AND ${wanted(targets, true)}
    ORDER BY seq`);
};

/** Up to here it is known which visitor is which player. */
const identified = async (db: Database): Promise<number> =>
  (await db.get<{ cursor: number }>(sql`SELECT cursor FROM projections WHERE name = 'identities'`))?.cursor ?? 0;

/** Events that a trusted one has replaced, by that one: where they were sent, it is not sent again. */
async function repeated(db: Database, range: Range): Promise<Map<string, string[]>> {
  const rows = await db.all<{ key: string; event_id: string }>(
    sql`SELECT e.project_id || ' ' || e.duplicate_of AS key, e.event_id FROM ${superseded(range)}`,
  );
  const repeats = new Map<string, string[]>();
  for (const { key, event_id } of rows) repeats.set(key, [...(repeats.get(key) ?? []), event_id]);
  return repeats;
}

const at = (index: number) => sql.raw(`j.value ->> ${index}`);

/** All targets of an event together. */
const make = (piece: string, now: number): SQL => sql`
  INSERT INTO postbacks (target_id, event_id, project_id, event_type, person, banner_tag, status, made_at, due_at)
  SELECT g.id, ${at(0)}, ${at(1)}, ${at(2)}, ${at(3)}, ${at(4)}, 'waiting', ${now}, ${now}
  FROM json_each(${piece}) j CROSS JOIN json_each(j.value -> '$[5]') t
    JOIN postback_targets g ON g.id = t.value AND g.removed_at IS NULL
  WHERE NOT EXISTS (SELECT 1 FROM postbacks p
    WHERE p.target_id = g.id AND p.event_id IN (SELECT value FROM json_each(j.value -> '$[6]')))
  ON CONFLICT (target_id, event_id) DO NOTHING`;

export const postbacks: Delivery = {
  name: "postbacks",
  after: [],
  patience: 2 * EVERY_MS,
  async deliver(env, db, range, now) {
    const targets = (await targetsOf(db)).filter(({ conversion_status }) => conversion_status === null);
    if (targets.length === 0) return [];
    let rows = await candidates(db, targets, range);
    const unsure = (row: Row, target: Target) =>
      !target.test &&
      needsPeople(target) &&
      (target.first_deposit || row.own_tag === null) &&
      target.project_id === row.project_id &&
      target.event_types.includes(row.event_type);
    const people = rows.some((row) => targets.some((target) => unsure(row, target)));
    if (people && (await identified(db)) < range.upTo) {
      await runnerOf(env, "tables").bringForward(0, TABLES_MS);
      if ((await identified(db)) < range.upTo)
        throw new Error("The tables are behind: they tell whose tag an event without one counts for.");
      rows = await candidates(db, targets, range);
    }
    const repeats = await repeated(db, range);
    const made = rows.flatMap((row) => {
      const matching = targets.filter((target) => tells(target, row)).map(({ id }) => id);
      // The person was erased before this step: nothing more is sent about them.
      if (matching.length === 0 || isPseudonym(row.person)) return [];
      const { event_id, project_id, event_type, person, banner_tag } = row;
      const before = repeats.get(`${project_id} ${event_id}`) ?? [];
      return [JSON.stringify([event_id, project_id, event_type, person, banner_tag, matching, before])];
    });
    return pieces(made).map((piece) => make(piece, now));
  },
};
