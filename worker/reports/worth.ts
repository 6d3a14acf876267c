/**
 * What each player is worth, exactly and in SQL, so that they are sorted and counted where they are: CTEs that queries
 * begin with. A player belongs to the tag that brought them: of their registration, else of their first tagged event.
 */

import { type SQL, sql } from "drizzle-orm";
import { INCOME } from "../money.ts";
import { rateInForce } from "../rates/in-force.ts";
import type { Database } from "../store/database.ts";
import { among, words } from "../store/sql.ts";
import { type FirstEvent, onlyFirstEvent } from "./first-event.ts";
import { onlyTags } from "./period.ts";
import { FREE, SEGMENTS, type Segment, UNKNOWN } from "./segments.ts";
import type { Payment } from "./spend.ts";
import { EXACT_UNITS, exactUsd, type Sum, sums } from "./usd.ts";

const WHOLE_USD = sql.raw(String(EXACT_UNITS));

/** `whole` and `rest` as one normalised pair, also below zero. */
const normalised = (name: string, whole: SQL, rest: SQL) => {
  const below = sql`((${rest} % ${WHOLE_USD} + ${WHOLE_USD}) % ${WHOLE_USD})`;
  return sql`${whole} + (${rest} - ${below}) / ${WHOLE_USD} AS ${sql.raw(`${name}_whole`)}, ${below} AS ${sql.raw(`${name}_rest`)}`;
};

const SEGMENT = sql.raw(
  `CASE WHEN spend_without_rate > 0 THEN '${UNKNOWN}' ${SEGMENTS.map(({ segment, from }) => `WHEN spend_whole >= ${from} THEN '${segment}'`).join(" ")} ELSE '${FREE}' END`,
);

/** Between every visitor, behind char(31), and every player. */
const BEHIND_VISITORS = sql`char(32)`;

const rated = (condition: SQL) => sql`SELECT person, event_type, event_date, currency, total, whole, fraction,
  ${rateInForce(sql`currency`, sql`event_date`)} AS rate FROM payments WHERE ${condition}`;

/** Only people whom one of these tags brought (null: any), and whose first event has these fields. */
export type Whose = { tags: string[] | null; firstEvent: FirstEvent };

/** Everybody who ever paid or was paid, as rows of `paid`, with what they spent, exactly. */
export function paid(project_id: string): SQL {
  const exact = exactUsd(sql`whole`, sql`fraction`, sql`rate`);
  const isIncome = sql`event_type IN (${words(INCOME)})`;
  const sumWhere = (value: SQL, condition: SQL) => sql`ifnull(sum(${value}) FILTER (WHERE ${condition}), 0)`;
  const spent = (value: SQL) => sql`(${sumWhere(value, isIncome)} - ${sumWhere(value, sql`event_type = 'refund'`)})`;
  const withdrawn = (value: SQL) => sumWhere(value, sql`event_type = 'withdrawal'`);
  // The rate is looked up for each row, and materialised: a join would scan all rates for each row.
  return sql`rated AS MATERIALIZED (${rated(sql`project_id = ${project_id}`)}
    ), paid AS MATERIALIZED (
      SELECT person, ${sumWhere(sql`total`, isIncome)} AS payments,
        min(event_date) FILTER (WHERE ${isIncome}) AS first_purchase_date,
        max(event_date) FILTER (WHERE ${isIncome}) AS last_purchase_date,
        ${normalised("spend", spent(exact.whole), spent(exact.rest))},
        ${normalised("withdrawn", withdrawn(exact.whole), withdrawn(exact.rest))},
        count(*) FILTER (WHERE rate IS NULL) AS without_rate,
        count(*) FILTER (WHERE rate IS NULL AND event_type <> 'withdrawal') AS spend_without_rate
      FROM rated GROUP BY person
    )`;
}

/** Everyone who is a player or ever paid, as rows of `worth`: with what they spent, exactly. */
export function worth(project_id: string, { tags, firstEvent }: Whose): SQL {
  // Players sort after visitors, whose names begin with a control character. Visitors are many, so only those who paid are read.
  const known = (people: SQL) => sql`SELECT p.person, p.player_id, p.first_seen, p.last_event_at,
      coalesce(nullif(p.registration_tag, ''), nullif(p.first_tag, ''), '') AS banner_tag,
      ifnull(payments, 0) AS payments, first_purchase_date, last_purchase_date,
      ifnull(spend_whole, 0) AS spend_whole, ifnull(spend_rest, 0) AS spend_rest,
      ifnull(withdrawn_whole, 0) AS withdrawn_whole, ifnull(withdrawn_rest, 0) AS withdrawn_rest,
      ifnull(without_rate, 0) AS without_rate, ifnull(spend_without_rate, 0) AS spend_without_rate
    FROM ${people}`;
  return sql`${paid(project_id)}, known AS (
      ${known(sql`players p LEFT JOIN paid ON paid.person = p.person
        WHERE p.project_id = ${project_id} AND p.person > ${BEHIND_VISITORS} ${onlyFirstEvent("p", firstEvent)}`)}
      UNION ALL ${known(sql`paid CROSS JOIN players p ON p.project_id = ${project_id} AND p.person = paid.person
        WHERE paid.person < ${BEHIND_VISITORS} ${onlyFirstEvent("p", firstEvent)}`)}
    ), worth AS (
      SELECT *, ${SEGMENT} AS segment FROM known WHERE true ${onlyTags(sql`banner_tag`, tags)}
    )`;
}

/** As text: D1's JSON carries 2^53 at most. */
export const exactly = (name: string, aggregate: "" | "sum") =>
  sql.raw(["whole", "rest"].map((part) => `CAST(${aggregate}(${name}_${part}) AS TEXT) AS ${name}_${part}`).join(", "));
export const EXACTLY = ["spend_whole", "spend_rest", "withdrawn_whole", "withdrawn_rest"] as const;
export type Exactly = Record<(typeof EXACTLY)[number], string>;
export const spendOf = (row: Exactly) => BigInt(row.spend_whole) * EXACT_UNITS + BigInt(row.spend_rest);
export const withdrawnOf = (row: Exactly) => BigInt(row.withdrawn_whole) * EXACT_UNITS + BigInt(row.withdrawn_rest);

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
    sql`SELECT person, ${SUMMED} FROM (${rated(theirs)}) WHERE rate IS NULL GROUP BY person, event_type, currency`,
  );
}

/** The same for everyone, by segment. */
export const withoutRateBySegment = (
  db: Database,
  project_id: string,
  whose: Whose,
): Promise<(Without & { segment: Segment })[]> =>
  db.all(sql`WITH ${worth(project_id, whose)}
    SELECT segment, ${SUMMED} FROM (SELECT person, segment FROM worth WHERE without_rate > 0) CROSS JOIN rated USING (person)
    WHERE rate IS NULL GROUP BY segment, event_type, currency`);

export type SegmentPayment = Payment & { segment: Segment };

/** What the players of each segment paid, to be converted into a currency. */
export const paidBySegment = (into: string): Question<SegmentPayment> => ({
  columns: ["segment", "event_type", "event_date", "currency", "total", "whole", "fraction", "rate", "into_rate"],
  rows: sql`SELECT segment, event_type, ${sums(into)} FROM (SELECT person, segment FROM everyone) CROSS JOIN rated USING (person)
    GROUP BY segment, event_type, event_date, currency`,
});

/** Rows that are made of `everyone`, which has the rows of `worth`. */
export type Question<Row> = { columns: readonly (keyof Row & string)[]; rows: SQL };

/**
 * The answers to several questions about everyone. The rows of everyone are made once for all questions, since this reads every
 * payment. A question that is not asked has no rows.
 */
export async function lookAtEveryone<Rows extends Record<string, object>>(
  db: Database,
  project_id: string,
  whose: Whose,
  questions: { [Name in keyof Rows & string]: Question<Rows[Name]> | null },
): Promise<{ [Name in keyof Rows & string]: Rows[Name][] }> {
  const parts = Object.entries(questions as Record<string, Question<never> | null>).flatMap(([name, question]) => {
    if (question === null) return [];
    const columns = sql.raw(question.columns.map((column: string) => `'${column}', ${column}`).join(", "));
    return [sql`SELECT ${name} AS question, json_object(${columns}) AS row FROM (${question.rows})`];
  });
  const found = await db.all<{ question: string; row: string }>(sql`WITH ${worth(project_id, whose)},
    everyone AS MATERIALIZED (SELECT * FROM worth) ${sql.join(parts, sql` UNION ALL `)}`);
  const rows = (name: string) => found.flatMap(({ question, row }) => (question === name ? [JSON.parse(row)] : []));
  return Object.fromEntries(Object.keys(questions).map((name) => [name, rows(name)])) as {
    [Name in keyof Rows & string]: Rows[Name][];
  };
}
