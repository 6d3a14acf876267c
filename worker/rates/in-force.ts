/**
 * The rate in force on a date: the latest that is not after it and not more than 7 days before it; USD is always 1. Where a
 * currency that the euro replaced has no such rate, its rate is computed from the euro's rate by the fixed units for a euro.
 */
import { type SQL, sql } from "drizzle-orm";
import { words } from "../store/sql.ts";
import { JOINED, JOINED_UNITS, unitsPerEuro } from "./euro.ts";
import { RATE_UNITS } from "./rate.ts";

const recent = (event_date: SQL) => sql`x.rate_date BETWEEN date(${event_date}, '-7 days') AND ${event_date}
    ORDER BY x.rate_date DESC LIMIT 1`;

/** As rows: currency, 1/1,000,000 units for a euro, and the date from which on this rate is fixed. */
const joined = sql.raw(
  `(VALUES ${JOINED.map(([currency, perEuro, since]) => `('${currency}', ${unitsPerEuro(perEuro)}, '${since}')`).join(", ")})`,
);
/** The euro's rate divided by the units for a euro, rounded half to even. */
const fixed = (() => {
  const [twice, by] = [`2 * x.usd_rate * ${JOINED_UNITS} + j.column2`, "2 * j.column2"];
  return sql.raw(`(${twice}) / (${by}) - ((${twice}) % (${by}) = 0 AND (${twice}) / (${by}) % 2)`);
})();

/** The rate in force, in 1e-8 USD for a unit of the currency; NULL where there is none. */
export const rateInForce = (currency: SQL, event_date: SQL): SQL => sql`CASE ${currency} WHEN 'USD'
  THEN ${sql.raw(String(RATE_UNITS))} ELSE coalesce(
    (SELECT x.usd_rate FROM exchange_rates x WHERE x.currency_code = ${currency} AND ${recent(event_date)}),
    CASE WHEN ${currency} IN (${words(JOINED.map(([code]) => code))}) THEN
      (SELECT ${fixed} FROM ${joined} j CROSS JOIN exchange_rates x
        WHERE j.column1 = ${currency} AND ${event_date} >= j.column3 AND x.currency_code = 'EUR' AND ${recent(event_date)}) END
  ) END`;
