/** Exchange rates, which all projects share: loaded, corrected, listed; and the daily feed, read at once. */

import { type SQL, sql } from "drizzle-orm";
import type { Context } from "hono";
import * as z from "zod";
import { isDate } from "../calendar.ts";
import { ADMINISTRATION, accept, readBody } from "../http/body.ts";
import { readCsv } from "../http/csv.ts";
import { json } from "../http/operation.ts";
import { pageParameters } from "../http/page.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { readText } from "../http/read-text.ts";
import { log } from "../log.ts";
import { PAST_CURRENCIES } from "../money.ts";
import { isEcbCsv, readEcbCsv } from "../rates/ecb.ts";
import { FEED, type FeedHealth, refreshRates, wakeCopiesOfRates } from "../rates/feed.ts";
import { formatRate, parseRate, type Rate, storeRates } from "../rates/rate.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { pagesOf } from "../reports/pages.ts";
import { date, format } from "../reports/period.ts";
import { formatOf, table } from "../reports/table.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

const MOST_RATES = 1_000;
/** The most rates of the bank's file: about a year. */
const MOST_OF_BANK = 10_000;
/** In one statement: D1 takes 2 MB. */
const RATES_AT_ONCE = 2_500;
const COLUMNS = ["currency_code", "rate_date", "usd_rate", "data_source"];
/** Rows of one query where all are requested: many, since an invocation may make only a limited number (worker/store/plan.ts). */
const STREAMED_PAGE = 10_000;
const RATE_RULE = "must be a decimal string above 0, at most 1000, with at most 8 places";

const currency_code = z.string().refine((code) => PAST_CURRENCIES.has(code), "must be an ISO 4217 code, such as EUR");
const rate = z.strictObject({
  currency_code: currency_code.refine((code) => code !== "USD", "must not be USD, whose rate is always 1"),
  rate_date: z.string().refine(isDate, "must be a date, YYYY-MM-DD"),
  usd_rate: z
    .string(RATE_RULE)
    .refine((text) => parseRate(text) !== null, RATE_RULE)
    .describe("USD for one unit of the currency: a decimal with at most 8 places."),
  data_source: z.string().min(1, "must not be empty").max(100, "is too long").describe("Where the rate comes from."),
});

export const newRates = z.strictObject({
  rates: z
    .array(rate)
    .min(1, "must not be empty")
    .max(MOST_RATES, `must be ${MOST_RATES} at most`)
    .superRefine((rates, context) => {
      const seen = new Set<string>();
      for (const [index, { currency_code, rate_date }] of rates.entries()) {
        const key = `${currency_code} ${rate_date}`;
        if (seen.has(key)) context.addIssue({ code: "custom", message: "is given twice", path: [index, "rate_date"] });
        seen.add(key);
      }
    }),
});

/** `<rate_date> <currency_code>`: the list continues after it. */
const cursor = z.string("is not a cursor").regex(/^\d{4}-\d{2}-\d{2} [A-Z]{3}$/, "is not a cursor");

export const ratesQuery = z.strictObject({
  format,
  currency_code: currency_code.optional(),
  from: date.optional(),
  to: date.optional(),
  limit: pageParameters.limit,
  cursor: cursor.optional(),
});

const rateView = z
  .object({
    currency_code: text,
    rate_date: z.iso.date(),
    usd_rate: text.describe("USD for one unit, with 8 places."),
    data_source: text,
    loaded_at: instant,
  })
  .meta({ id: "ExchangeRate" });
const ratesPage = z.object({ rows: z.array(rateView), next_cursor: maybe }).meta({ id: "ExchangeRates" });
const loaded = z.object({ loaded: whole }).meta({ id: "Loaded" });
export const feedState = z.enum(["ok", "stale", "failing", "off"]);
export const feedFields = {
  last_rate_date: z.iso.date().nullable().describe("The newest date that the feed ever had rates of."),
  error: maybe.describe("Why it could not be read the last time."),
};
const feed = z.object({ status: feedState, ...feedFields }).meta({ id: "ExchangeRateFeed" });
const EXAMPLE = { currency_code: "EUR", rate_date: "2026-05-01", usd_rate: "1.0825", data_source: "treasury" };
export type RateView = z.output<typeof rateView>;
export type RatesPage = z.output<typeof ratesPage>;

const view = ({ usd_rate, loaded_at, ...row }: Rate & { loaded_at: number }): RateView => ({
  ...row,
  usd_rate: formatRate(usd_rate),
  loaded_at: iso(loaded_at),
});

const ofBody = (message: string) => Problem.of("body", `body ${message}`, "invalid");

function ratesOfBank(text: string): Rate[] {
  const reading = readEcbCsv(text);
  if (!reading.ok) throw ofBody(`is not the European Central Bank's file: ${reading.error}`);
  const { rates } = reading;
  if (rates.length > MOST_OF_BANK)
    throw ofBody(
      `has ${rates.length} rates; send at most ${MOST_OF_BANK}, some 300 days, at once, each part with the header. ` +
        "The last 90 days come by themselves with ECB_FEED_URL=https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml",
    );
  return rates.map((rate) => ({ ...rate, data_source: FEED }));
}

async function readRates(c: Context<App>): Promise<Rate[]> {
  const csv = /^text\/csv\b/i.test(c.req.header("content-type") ?? "");
  const text = csv ? await readText(c.req.raw, ADMINISTRATION) : "";
  if (isEcbCsv(text)) return ratesOfBank(text);
  const rows = csv ? readCsv(text) : null;
  const [first] = rows ?? [];
  if (csv && !first) throw ofBody("must be CSV with a header, and as many cells in each line");
  if (first && COLUMNS.some((name) => !(name in first)))
    throw ofBody(`must have the header ${COLUMNS.join(",")}, or be the European Central Bank's CSV: Date,USD,…`);
  const { rates } = rows ? accept({ rates: rows }, newRates) : await readBody(c, newRates);
  return rates.map((given) => ({ ...given, usd_rate: parseRate(given.usd_rate) as number }));
}

function* partsOf(rates: readonly Rate[]): Generator<readonly Rate[]> {
  for (let at = 0; at < rates.length; at += RATES_AT_ONCE) yield rates.slice(at, at + RATES_AT_ONCE);
}

/** The details for the audit log: each rate; for many rates, only the currencies and days. */
function detailsOf(rates: readonly Rate[]) {
  if (rates.length <= MOST_RATES)
    return {
      rates: rates.map((one) => `${one.currency_code} ${one.rate_date} ${formatRate(one.usd_rate)} ${one.data_source}`),
    };
  const days = rates.map(({ rate_date }) => rate_date).sort();
  const currencies = [...new Set(rates.map(({ currency_code }) => currency_code))].sort();
  return { from: days[0], to: days.at(-1), currencies, data_source: rates[0]?.data_source };
}

const condition = (column: SQL, value: string | undefined) =>
  value === undefined ? sql`` : sql`AND ${column} ${value}`;

const administered = { tag: "Exchange rates", role: "admin" } as const;

const EVERYWHERE = "All projects share the rates: this needs a key for all.";

export const exchangeRateRoutes = [
  route(
    {
      id: "listExchangeRates",
      method: "get",
      path: "/exchange-rates",
      on: "main",
      ...administered,
      summary: "List rates",
      description: "All projects share them.",
      query: ratesQuery,
      answers: {
        200: { description: "The newest date first.", content: json(ratesPage), tables: ["text/csv"] },
      },
    },
    async ({ c, env, db, query }) => {
      const { currency_code, from, to, limit, cursor } = query;
      const pageBehind = async (place: string | undefined, most: number): Promise<RatesPage> => {
        const [behind, behindCode] = place?.split(" ") ?? [];
        const found = await db.all<Rate & { loaded_at: number }>(sql`
        SELECT * FROM exchange_rates WHERE true ${condition(sql`currency_code =`, currency_code)}
          ${condition(sql`rate_date >=`, from)} ${condition(sql`rate_date <=`, to)}
          ${behind === undefined ? sql`` : sql`AND (rate_date < ${behind} OR rate_date = ${behind} AND currency_code > ${behindCode})`}
        ORDER BY rate_date DESC, currency_code LIMIT ${most + 1}`);
        const rows = found.slice(0, most).map(view);
        const last = rows.at(-1);
        return { rows, next_cursor: found.length > most && last ? `${last.rate_date} ${last.currency_code}` : null };
      };
      const json = formatOf(c) === "json";
      const body = await pageBehind(cursor, json ? limit : STREAMED_PAGE);
      const pageOf = ({ rows, next_cursor }: RatesPage) => ({ rows, next: next_cursor });
      const behind = async (place: string) => pageOf(await pageBehind(place, STREAMED_PAGE));
      const pages = pagesOf(env, pageOf(body), behind, (place) => place);
      return table(c, { body, columns: [...COLUMNS, "loaded_at"], rows: { pages } });
    },
  ),
  route(
    {
      id: "loadExchangeRates",
      method: "post",
      path: "/exchange-rates",
      on: "main",
      ...administered,
      everywhere: EVERYWHERE,
      summary: "Load rates, or correct them",
      description:
        "All of them or none. A rate of the same currency and date is replaced. As CSV (`Content-Type: text/csv`) with " +
        "these fields as its header, too, or as the European Central Bank's own CSV. Needs a key for all projects.",
      body: { schema: newRates, examples: { Rate: { rates: [EXAMPLE] } } },
      answers: { 201: { description: "How many are in force now.", content: json(loaded) } },
      audit: "exchange_rates.load",
    },
    async ({ c, env, act, now }) => {
      const rates = await readRates(c);
      const what = {
        project_id: null,
        subject: String(rates.length),
        details: detailsOf(rates),
      };
      const statements = [...partsOf(rates)].map((part) => storeRates(part, now));
      await act(what, statements);
      // Cron wakes them where this fails.
      await wakeCopiesOfRates(env).catch((error) => log("warn", "rates not copied", { error: String(error) }));
      return { loaded: rates.length };
    },
  ),
  route(
    {
      id: "refreshExchangeRates",
      method: "post",
      path: "/exchange-rates/refresh",
      on: "main",
      ...administered,
      everywhere: EVERYWHERE,
      summary: "Read the daily feed now",
      description: "Cron does so by itself. Needs a key for all projects.",
      answers: { 200: { description: "How the feed is.", content: json(feed) } },
      problems: [409, 503],
      audit: "exchange_rates.refresh",
    },
    async ({ env, act, now }) => {
      if (!env.ECB_FEED_URL) throw new Problem(409, "No feed of rates is set: ECB_FEED_URL is empty.");
      const what = { project_id: null, subject: env.ECB_FEED_URL };
      await act(what, []);
      const feed: FeedHealth = await refreshRates(env, now);
      if (feed.status === "failing") {
        const headers = { "retry-after": "60" };
        throw new Problem(503, `The feed cannot be used: ${feed.error}. The rates stay as they are.`, { headers });
      }
      return feed;
    },
  ),
] as const;
