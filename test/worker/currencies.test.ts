/** Former currencies, those that the euro replaced, and those without a rate. */
import { SELF } from "cloudflare:test";
import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { addDays } from "../../worker/calendar.ts";
import type { Door } from "../../worker/event.ts";
import { readEvent } from "../../worker/event-reading.ts";
import { CURRENCIES, divide, PAST_CURRENCIES } from "../../worker/money.ts";
import { JOINED, JOINED_UNITS, unitsPerEuro } from "../../worker/rates/euro.ts";
import { rateInForce } from "../../worker/rates/in-force.ts";
import { forgetHealth } from "../../worker/reports/health.ts";
import { HOST, read } from "./api.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";
import { loadRates } from "./rates.ts";

const PROJECT = "currencies";
const today = new Date().toISOString().slice(0, 10);

const buy = async (...bought: [day: string, amount: number, currency: string][]) => {
  const events = bought.map(([day, amount, currency]) =>
    storedEvent({
      project_id: PROJECT,
      event_type: "purchase",
      player_id: "p1",
      timestamp: Date.parse(`${day}T12:00:00Z`),
      amount: amount * 10_000,
      currency,
    }),
  );
  await deliver([{ events }]);
  await settle();
};
type Total = { usd: string; unconverted: Record<string, string> };
const revenue = async (day: string): Promise<Total> => {
  type Answer = { total: { total_usd: string; unconverted: Record<string, string> } };
  const { total } = await read<Answer>(`/revenue?project_id=${PROJECT}&from=${day}&to=${day}`);
  return { usd: total.total_usd, unconverted: total.unconverted };
};
const withoutRate = async (): Promise<string[]> => {
  forgetHealth();
  const answer = await SELF.fetch(`${HOST}/health`);
  return (await answer.json<{ exchange_rates: { without_rate: string[] } }>()).exchange_rates.without_rate;
};

beforeAll(() => createProject(PROJECT, { timezone: "UTC", currency: "USD" }));

describe("a former currency", () => {
  const event = (currency: string) => [
    ["event_type", "deposit"],
    ["player_id", "p"],
    ["banner_tag", "t"],
    ["amount", "100.00"],
    ["currency", currency],
    ["timestamp", Date.UTC(2022, 10, 1)],
  ];
  const taken = (door: Door, currency: string, now: number) =>
    readEvent(event(currency) as [string, unknown][], door, now).ok;
  const then = Date.UTC(2022, 10, 1);

  it.each(["HRK", "LTL", "LVL", "EEK", "BYR", "ANG", "RUR", "VEF", "hrk"])("%s is valid in an import", (currency) => {
    expect(taken("import", currency, Date.now())).toBe(true);
    for (const door of ["pixel", "api"] as const) expect(taken(door, currency, then)).toBe(false);
  });

  it("is not one that never existed, and the list of them is well-formed", () => {
    expect(taken("import", "XYZ", Date.now())).toBe(false);
    const codes = [...PAST_CURRENCIES];
    expect(codes.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
    expect(PAST_CURRENCIES.size).toBeGreaterThan(CURRENCIES.size + 40);
    for (const [currency] of JOINED) expect(PAST_CURRENCIES.has(currency)).toBe(true);
  });

  it("is converted if a rate is loaded", async () => {
    await loadRates(["HRK", "2022-11-01", "0.13"]);
    await buy(["2022-11-01", 100, "HRK"]);
    expect(await revenue("2022-11-01")).toEqual({ usd: "13.00", unconverted: {} });
  });
});

describe("a currency that the euro replaced", () => {
  it("is converted by the euro's rate from that day on, and not before", async () => {
    await loadRates(["EUR", "2022-12-31", "1.07"], ["EUR", "2026-01-05", "1.17"], ["EUR", "2015-02-02", "1.1345"]);
    await buy(["2022-12-31", 753.45, "HRK"], ["2023-01-01", 753.45, "HRK"], ["2026-01-05", 195.583, "BGN"]);
    expect(await revenue("2022-12-31")).toEqual({ usd: "0.00", unconverted: { HRK: "753.45" } });
    // A hundred euros.
    expect(await revenue("2023-01-01")).toEqual({ usd: "107.00", unconverted: {} });
    expect(await revenue("2026-01-05")).toEqual({ usd: "117.00", unconverted: {} });
  });

  it("is converted by its own rate when one is in force", async () => {
    await loadRates(["BGN", "2026-02-02", "0.5"], ["EUR", "2026-02-02", "1.17"]);
    await buy(["2026-02-02", 10, "BGN"]);
    expect(await revenue("2026-02-02")).toEqual({ usd: "5.00", unconverted: {} });
  });

  it.each(JOINED)("%s is converted exactly, rounded half to even", async (currency, perEuro, since) => {
    const fixed = BigInt(unitsPerEuro(perEuro));
    expect(Number(fixed) / JOINED_UNITS).toBe(Number(perEuro));
    // Exactly halfway between two values, which is possible for the litas.
    const middle = Array.from({ length: 5_000 }, (_, n) => BigInt(n)).filter(
      (usd) => (2n * usd * BigInt(JOINED_UNITS)) % (2n * fixed) === fixed,
    );
    expect(middle.length > 0).toBe(currency === "LTL");
    for (const usd of [108_250_000n, 117_000_001n, 99_999_999n, ...middle]) {
      await db.run(sql`INSERT OR REPLACE INTO exchange_rates VALUES ('EUR', ${since}, ${Number(usd)}, 'a test', 0)`);
      const found = await db.get<{ rate: number }>(
        sql`SELECT ${rateInForce(sql`p.currency`, sql`p.day`)} AS rate FROM (SELECT ${currency} AS currency, ${since} AS day) p`,
      );
      expect(BigInt(found.rate)).toBe(divide(usd * BigInt(JOINED_UNITS), fixed));
    }
    // The day before, it is a separate currency.
    const before = addDays(since, -1);
    await db.run(sql`INSERT OR REPLACE INTO exchange_rates VALUES ('EUR', ${before}, 1, 'a test', 0)`);
    const none = sql`SELECT ${rateInForce(sql`p.currency`, sql`p.day`)} AS rate FROM (SELECT ${currency} AS currency, ${before} AS day) p`;
    expect(await db.get(none)).toEqual({ rate: null });
  });
});

it("the health names the currencies of today's money that no rate converts", async () => {
  await loadRates(["EUR", today, "1.17"]);
  expect(await withoutRate()).toEqual([]);
  await buy([today, 1_000, "RUB"], [today, 100, "BGN"], [today, 5, "USD"], ["2026-03-02", 5, "KWD"]);
  expect(await withoutRate()).toEqual(["RUB"]);
  expect(await revenue(today)).toEqual({ usd: "64.8212", unconverted: { RUB: "1000.00" } });
  await loadRates(["RUB", today, "0.01"]);
  expect(await withoutRate()).toEqual([]);
});
