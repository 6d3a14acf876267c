/**
 * The daily feed of exchange rates. A feed that is broken, late or gone changes nothing: the last good rates stay, and
 * `/health` shows the feed's status. Rates from other sources are never overwritten.
 */

import { type SQL, sql } from "drizzle-orm";
import { type Duty, wake } from "../duties/duty.ts";
import { log } from "../log.ts";
import { type Budget, budgetOf } from "../store/budget.ts";
import { type Database, databaseOf, mainDatabaseOf, transact } from "../store/database.ts";
import { everyShard, MAIN, shardOf } from "../store/shards.ts";
import { DAY_MS, HOUR_MS, utcDate } from "../time.ts";
import { copyRates } from "./copies.ts";
import { type EcbReading, readEcb } from "./ecb.ts";
import { storeRates } from "./rate.ts";

/** The source that the feed's rates name. */
export const FEED = "ecb";
const NAME = "exchange rates";

const TIMEOUT_MS = 10_000;
/** The longest time that the bank publishes nothing is five days, over Easter. */
const STALE_DAYS = 5;
/** Hours in UTC. The bank publishes at about 16:00 in Frankfurt, on its working days; late rates are read at night. */
const PUBLISHING_HOURS = [14, 15, 16, 17];
const NIGHTLY_HOUR = 2;

export type FeedState = {
  /** Epoch milliseconds of the last attempt. */
  tried_at: number;
  /** The newest date that the feed ever had rates of. */
  last_rate_date: string | null;
  /** Why the last attempt failed; null where it succeeded. */
  error: string | null;
};

export type FeedHealth = {
  /** `off` where no feed is set. `stale`: its newest rates are more than five days old, or it was never read. */
  status: "ok" | "stale" | "failing" | "off";
  last_rate_date: string | null;
  error: string | null;
};

const readState = ({ main }: Database): Promise<FeedState | undefined> =>
  main.get<FeedState>(sql`SELECT tried_at, last_rate_date, error FROM exchange_rate_feed WHERE feed = ${FEED}`);

const dateOf = (at: number) => utcDate(at);

export async function feedHealth(env: Env, db: Database, now: number): Promise<FeedHealth> {
  if (!env.ECB_FEED_URL) return { status: "off", last_rate_date: null, error: null };
  const { last_rate_date, error } = (await readState(db)) ?? { last_rate_date: null, error: null };
  const stale = last_rate_date === null || last_rate_date < dateOf(now - STALE_DAYS * DAY_MS);
  return { status: error !== null ? "failing" : stale ? "stale" : "ok", last_rate_date, error };
}

/** Whether it is time to read the feed: once in an hour at most. */
export function isDue(state: FeedState | undefined, now: number): boolean {
  if (!state) return true;
  if (Math.floor(state.tried_at / HOUR_MS) === Math.floor(now / HOUR_MS)) return false;
  const hour = new Date(now).getUTCHours();
  if (state.error !== null || hour === NIGHTLY_HOUR) return true;
  return PUBLISHING_HOURS.includes(hour) && (state.last_rate_date ?? "") < dateOf(now);
}

async function download(budget: Budget, url: string, now: number): Promise<EcbReading> {
  let text: string;
  try {
    const answer = await budget.fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await answer.text();
    if (!answer.ok) return { ok: false, error: `it answered ${answer.status}` };
  } catch (error) {
    // A network error may name hosts, and /health is open to everyone.
    log("error", "exchange rates", { error: String(error) });
    const late = error instanceof Error && error.name === "TimeoutError";
    return {
      ok: false,
      error: late ? `it did not answer within ${TIMEOUT_MS / 1_000} seconds` : "it cannot be reached",
    };
  }
  const reading = readEcb(text);
  const tomorrow = dateOf(now + DAY_MS);
  return reading.ok && reading.rates.some(({ rate_date }) => rate_date > tomorrow)
    ? { ok: false, error: "it has rates of a day to come" }
    : reading;
}

/** The feed may correct its rates, but not those of other sources. */
const OWN_AND_CHANGED = sql`exchange_rates.data_source = excluded.data_source
  AND exchange_rates.usd_rate <> excluded.usd_rate`;

const recordReading = (now: number, last_rate_date: string | null, error: string | null): SQL => sql`
  INSERT INTO exchange_rate_feed (feed, tried_at, last_rate_date, error)
  VALUES (${FEED}, ${now}, ${last_rate_date}, ${error})
  ON CONFLICT DO UPDATE SET tried_at = excluded.tried_at, error = excluded.error,
    last_rate_date = nullif(max(ifnull(last_rate_date, ''), ifnull(excluded.last_rate_date, '')), '')`;

/** Makes the other shards copy the rates of `main`, where they changed. */
export const wakeCopiesOfRates = (env: Env): Promise<unknown> =>
  Promise.all(
    everyShard(env)
      .slice(1)
      .map((shard) => wake(shard, [NAME])),
  );

/** Reads the feed now, and records the outcome. */
export async function refreshRates(env: Env, now: number): Promise<FeedHealth> {
  const db = mainDatabaseOf(env);
  const reading = await download(budgetOf(env), env.ECB_FEED_URL, now);
  if (reading.ok) {
    const newest =
      reading.rates
        .map(({ rate_date }) => rate_date)
        .sort()
        .at(-1) ?? null;
    await transact(db, [
      storeRates(
        reading.rates.map((rate) => ({ ...rate, data_source: FEED })),
        now,
        OWN_AND_CHANGED,
      ),
      recordReading(now, newest, null),
    ]);
  } else {
    await transact(db, [recordReading(now, null, reading.error)]);
  }
  await wakeCopiesOfRates(env);
  return feedHealth(env, db, now);
}

const LOOKED_AT_EVERY_MS = 10 * 60_000;

export const exchangeRates: Duty = {
  name: NAME,
  every: LOOKED_AT_EVERY_MS,
  async run(env, budget, now) {
    if (shardOf(env) !== MAIN) return (await copyRates(databaseOf(env), budget)) ? "done" : "more";
    if (env.ECB_FEED_URL && isDue(await readState(databaseOf(env)), now)) await refreshRates(env, now);
    return "done";
  },
};
