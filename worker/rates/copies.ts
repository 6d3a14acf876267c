/** Copies of the rates of `main` on the other shards, whose reports convert amounts in their own database. */
import { type SQL, sql } from "drizzle-orm";
import type { Budget } from "../store/budget.ts";
import { type Database, transact } from "../store/database.ts";

const RATES_AT_ONCE = 5_000;
/** Calls of a step. */
const STEP_CALLS = 3;

type CopiedRate = [currency_code: string, rate_date: string, usd_rate: number, data_source: string, loaded_at: number];

/**
 * Copies the loads that the shard lacks. A load has one `loaded_at`, later ones have greater ones, and copies keep them, so the newest
 * one of the shard shows where to continue. Returns whether all are copied.
 */
export async function copyRates(db: Database, budget: Budget): Promise<boolean> {
  while (budget.has(STEP_CALLS)) {
    const { newest } = await db.get<{ newest: number }>(
      sql`SELECT ifnull(max(loaded_at), -1) AS newest FROM exchange_rates`,
    );
    const rates = await db.main.values<CopiedRate>(sql`
      SELECT currency_code, rate_date, usd_rate, data_source, loaded_at FROM exchange_rates
      WHERE loaded_at > ${newest} AND loaded_at <= ifnull((SELECT loaded_at FROM exchange_rates
        WHERE loaded_at > ${newest} ORDER BY loaded_at LIMIT 1 OFFSET ${RATES_AT_ONCE}), 9e15)`);
    if (rates.length === 0) return true;
    await transact(db, [copyOf(rates)]);
  }
  return false;
}

const copyOf = (rates: readonly CopiedRate[]): SQL => sql`
  INSERT INTO exchange_rates (currency_code, rate_date, usd_rate, data_source, loaded_at)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(${JSON.stringify(rates)}) WHERE true
  ON CONFLICT DO UPDATE SET usd_rate = excluded.usd_rate, data_source = excluded.data_source, loaded_at = excluded.loaded_at`;
