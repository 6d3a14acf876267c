/**
 * What each player is worth, exactly and in SQL, computed from every payment: CTEs that queries begin with. A player belongs
 * to the tag that brought them: of their registration, else of their first tagged event. `keeping.ts` keeps the results.
 */

import { type SQL, sql } from "drizzle-orm";
import { INCOME } from "../../money.ts";
import { rateInForce } from "../../rates/in-force.ts";
import { words } from "../../store/sql.ts";
import { type FirstEvent, onlyFirstEvent } from "../first-event.ts";
import { onlyTags } from "../period.ts";
import { FREE, SEGMENTS, UNKNOWN } from "../segments.ts";
import { EXACT_UNITS, exactUsd } from "../usd.ts";

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
export const BEHIND_VISITORS = sql`char(32)`;

const RATE = rateInForce(sql`currency`, sql`event_date`);
const ratedIn = (payments: string, condition: SQL) => sql`SELECT person, event_type, event_date, currency, total, whole,
  fraction, ${RATE} AS rate FROM ${sql.raw(payments)} WHERE ${condition}`;
/** Rows of `payments` with their rates in force. */
export const rated = (condition: SQL) => ratedIn("payments", condition);
/** The same for a condition on the person, with the index that SQLite would not choose by itself. */
export const ratedOfSome = (condition: SQL) => ratedIn("payments INDEXED BY payments_by_person", condition);

/** Only people whom one of these tags brought (null: any), and whose first event has these fields. */
export type Whose = { tags: string[] | null; firstEvent: FirstEvent };

/** Restricts people by their name, which is an expression; null: everybody. */
export type Some = ((person: SQL) => SQL) | null;

/** Everybody who ever paid or was paid, as rows of `paid`, with what they spent, exactly. */
export function paid(project_id: string, some: Some = null): SQL {
  const exact = exactUsd(sql`whole`, sql`fraction`, sql`rate`);
  const isIncome = sql`event_type IN (${words(INCOME)})`;
  const sumWhere = (value: SQL, condition: SQL) => sql`ifnull(sum(${value}) FILTER (WHERE ${condition}), 0)`;
  const spent = (value: SQL) => sql`(${sumWhere(value, isIncome)} - ${sumWhere(value, sql`event_type = 'refund'`)})`;
  const withdrawn = (value: SQL) => sumWhere(value, sql`event_type = 'withdrawal'`);
  // The rate is looked up for each row, and materialised: a join would scan all rates for each row.
  return sql`rated AS MATERIALIZED (${some === null ? rated(sql`project_id = ${project_id}`) : ratedOfSome(sql`project_id = ${project_id} AND ${some(sql`person`)}`)}
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
export function worth(project_id: string, { tags, firstEvent }: Whose, some: Some = null): SQL {
  // Players sort after visitors, whose names begin with a control character. Visitors are many, so only those who paid are read.
  const known = (people: SQL) => sql`SELECT p.person, p.player_id, p.first_seen, p.last_event_at,
      coalesce(nullif(p.registration_tag, ''), nullif(p.first_tag, ''), '') AS banner_tag,
      ifnull(payments, 0) AS payments, first_purchase_date, last_purchase_date,
      ifnull(spend_whole, 0) AS spend_whole, ifnull(spend_rest, 0) AS spend_rest,
      ifnull(withdrawn_whole, 0) AS withdrawn_whole, ifnull(withdrawn_rest, 0) AS withdrawn_rest,
      ifnull(without_rate, 0) AS without_rate, ifnull(spend_without_rate, 0) AS spend_without_rate
    FROM ${people}`;
  // With `+` no index is used for it, as SQLite uses an index for one lower bound only: that of `some`.
  const players = (person: SQL) =>
    some === null ? sql`${person} > ${BEHIND_VISITORS}` : sql`+${person} > ${BEHIND_VISITORS} AND ${some(person)}`;
  return sql`${paid(project_id, some)}, known AS (
      ${known(sql`players p LEFT JOIN paid ON paid.person = p.person
        WHERE p.project_id = ${project_id} AND ${players(sql`p.person`)} ${onlyFirstEvent("p", firstEvent)}`)}
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
