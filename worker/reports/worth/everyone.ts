/**
 * Questions about everyone who is a player or ever paid: what they spent, by person and by segment. The answers come from
 * the kept rows (`keeping.ts`) where these are complete, else from every payment; both are the same.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../../store/database.ts";
import { among } from "../../store/sql.ts";
import { onlyFirstEvent } from "../first-event.ts";
import { onlyTags } from "../period.ts";
import type { Segment } from "../segments.ts";
import type { Payment } from "../spend.ts";
import { type Sum, sums } from "../usd.ts";
import { ratedOfSome, type Whose, worth } from "./from-payments.ts";
import { bringUpToDate, IS_COMPLETE } from "./keeping.ts";

/**
 * Rows that are made of `everyone`, which has the rows of `worth`; of `members`, which has their persons and segments; of
 * `unrated`, which has these of people with payments that lack a rate; and of `rated`, which has the payments.
 */
export type Question<Row> = { columns: readonly (keyof Row & string)[]; rows: SQL };

const fromPayments = (project_id: string, whose: Whose): SQL =>
  sql`${worth(project_id, whose)}, everyone AS MATERIALIZED (SELECT * FROM worth), members AS (SELECT * FROM everyone),
    unrated AS (SELECT * FROM everyone WHERE without_rate > 0)`;

/** NOT MATERIALIZED, so that each question reads only what it needs, by an index. */
function kept(project_id: string, { tags, firstEvent }: Whose): SQL {
  const players = sql`CROSS JOIN players p ON p.project_id = v.project_id AND p.person = v.person`;
  const joined = Object.keys(firstEvent).length === 0 ? sql`` : players;
  const whose = sql`v.project_id = ${project_id} ${onlyTags(sql`v.banner_tag`, tags)} ${onlyFirstEvent("p", firstEvent)}`;
  return sql`rated AS NOT MATERIALIZED (${ratedOfSome(sql`project_id = ${project_id}`)}),
    everyone AS NOT MATERIALIZED (
      SELECT v.*, p.player_id, p.first_seen, p.last_event_at FROM lifetime_values v ${players} WHERE ${whose}),
    members AS NOT MATERIALIZED (SELECT v.person, v.segment FROM lifetime_values v ${joined} WHERE ${whose}),
    unrated AS NOT MATERIALIZED (SELECT v.person, v.segment
      FROM lifetime_values v INDEXED BY lifetime_values_without_rate ${joined} WHERE ${whose} AND v.without_rate > 0)`;
}

type Questions<Rows> = { [Name in keyof Rows & string]: Question<Rows[Name]> | null };
type Answers<Rows> = { [Name in keyof Rows & string]: Rows[Name][] };

/** The answers to several questions, which are asked in one statement. A question that is null has no rows. */
async function ask<Rows extends Record<string, object>>(
  db: Database,
  everyone: SQL,
  questions: Questions<Rows>,
): Promise<Answers<Rows>> {
  const parts = Object.entries(questions as Record<string, Question<never> | null>).flatMap(([name, question]) => {
    if (question === null) return [];
    const columns = sql.raw(question.columns.map((column: string) => `'${column}', ${column}`).join(", "));
    return [sql`SELECT ${name} AS question, json_object(${columns}) AS row FROM (${question.rows})`];
  });
  const found = await db.all<{ question: string; row: string }>(
    sql`WITH ${everyone} ${sql.join(parts, sql` UNION ALL `)}`,
  );
  const rows = (name: string) => found.flatMap(({ question, row }) => (question === name ? [JSON.parse(row)] : []));
  return Object.fromEntries(Object.keys(questions).map((name) => [name, rows(name)])) as Answers<Rows>;
}

/** Whether the kept rows are complete at the moment of the statement. */
const completeness = (project_id: string): Question<{ complete: 0 | 1 }> => ({
  columns: ["complete"],
  rows: sql`SELECT ${IS_COMPLETE(project_id)} AS complete`,
});

/** `questions` get whether they are answered from the kept rows. */
export async function lookAtEveryone<Rows extends Record<string, object>>(
  env: Env,
  db: Database,
  project_id: string,
  whose: Whose,
  questions: (isKept: boolean) => Questions<Rows>,
): Promise<Answers<Rows>> {
  if (await bringUpToDate(env, db, project_id)) {
    const asked = { ...questions(true), complete: completeness(project_id) } as unknown as Questions<
      Rows & { complete: { complete: 0 | 1 } }
    >;
    const { complete, ...answers } = await ask(db, kept(project_id, whose), asked);
    if (complete[0]?.complete === 1) return answers as unknown as Answers<Rows>;
  }
  return ask(db, fromPayments(project_id, whose), questions(false));
}

export type Without = Pick<Sum, "currency" | "whole" | "fraction"> & { event_type: string };

const SUMMED = sql`event_type, currency, CAST(sum(whole) AS TEXT) AS whole, sum(fraction) AS fraction`;

/** The amounts without a rate in force, for each of these people. */
export function withoutRateOf(
  db: Database,
  project_id: string,
  people: readonly string[],
): Promise<(Without & { person: string })[]> {
  const theirs = sql`project_id = ${project_id} AND person ${among(people)}`;
  return db.all(
    sql`SELECT person, ${SUMMED} FROM (${ratedOfSome(theirs)}) WHERE rate IS NULL GROUP BY person, event_type, currency`,
  );
}

/** The same for everyone, by segment. */
export const withoutRateBySegment: Question<Without & { segment: Segment }> = {
  columns: ["segment", "event_type", "currency", "whole", "fraction"],
  rows: sql`SELECT segment, ${SUMMED} FROM (SELECT person, segment FROM unrated)
    CROSS JOIN rated USING (person) WHERE rate IS NULL GROUP BY segment, event_type, currency`,
};

export type SegmentPayment = Payment & { segment: Segment };

/** What the players of each segment paid, to be converted into a currency. */
export const paidBySegment = (into: string): Question<SegmentPayment> => ({
  columns: ["segment", "event_type", "event_date", "currency", "total", "whole", "fraction", "rate", "into_rate"],
  rows: sql`SELECT segment, event_type, ${sums(into)} FROM (SELECT person, segment FROM members) CROSS JOIN rated USING (person)
    GROUP BY segment, event_type, event_date, currency`,
});
