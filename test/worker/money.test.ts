/** Money in several currencies: exact, at the rate of each event's date, and reported separately if there is no rate. */
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { divide } from "../../worker/money.ts";
import { convert, EXACT_UNITS, exactUsd, formatAverage, formatExact, type Sum } from "../../worker/reports/usd.ts";
import { call, get, read } from "./api.ts";
import { histories } from "./histories.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";
import { loadRates } from "./rates.ts";

let PROJECT = "";
const paid = (event_type: string, day: string, amount: string, currency: string, more: Partial<StoredEvent> = {}) =>
  storedEvent({
    project_id: PROJECT,
    event_type,
    player_id: "p1",
    timestamp: Date.parse(`${day}T12:00:00Z`),
    amount: Math.round(Number(amount) * 10_000),
    currency,
    ...more,
  });
const tell = async (...events: StoredEvent[]) => {
  await deliver([{ events }]);
  await settle();
};
const begin = async (project_id: string, settings: Parameters<typeof createProject>[1] = {}) => {
  PROJECT = project_id;
  await createProject(project_id, settings);
};

describe("NGR", () => {
  it("is the net amount minus the share that the project sets, and is absent without one", async () => {
    await begin("ngr");
    await tell(
      paid("deposit", "2026-02-03", "1000", "USD"),
      paid("refund", "2026-02-03", "100", "USD"),
      paid("withdrawal", "2026-02-03", "300", "USD"),
    );
    const day = "project_id=ngr&from=2026-02-03&to=2026-02-03";
    const change = (ngr_deduction_percent: unknown) => call("PATCH", "/projects/ngr", { ngr_deduction_percent });
    const totals = async () => {
      const [campaigns, revenue] = await Promise.all(
        [`/campaigns?${day}`, `/revenue?${day}&currency=project`].map(
          async (path) => (await read<Record<string, unknown>>(path)).total,
        ),
      );
      return { campaigns, revenue };
    };
    const columns = async () => (await (await get(`/campaigns?${day}&format=csv`)).text()).split("\r\n")[0]?.split(",");
    const without = await totals();
    expect(without).toMatchObject({ campaigns: { net_amount: "600.00" }, revenue: { net_usd: "600.00" } });
    expect(JSON.stringify(without)).not.toContain("ngr");
    expect(await columns()).not.toContain("ngr");

    expect(await (await change(25)).json()).toMatchObject({ ngr_deduction_percent: 25 });
    expect(await totals()).toMatchObject({
      campaigns: { net_amount: "600.00", ngr: "450.00" },
      revenue: { net_usd: "600.00", ngr_usd: "450.00", converted: { ngr: "450.00" } },
    });
    expect(await columns()).toContain("ngr");
    expect((await change(33.33)).status).toBe(200);
    expect(await totals()).toMatchObject({ campaigns: { ngr: "400.02" } });
    for (const wrong of [-1, 100.01, 12.345, "25"]) expect((await change(wrong)).status, String(wrong)).toBe(400);
    expect((await change(null)).status).toBe(200);
    expect(await totals()).toEqual(without);
  });
});

describe("campaigns and sources of visitors", () => {
  it("have amounts in the requested currency, or else in the project's", async () => {
    await begin("one-currency", { currency: "EUR" });
    await loadRates(["EUR", "2026-02-01", "1.25"], ["GBP", "2026-02-01", "1.5"]);
    await tell(
      paid("visit", "2026-02-03", "0", "EUR", { amount: null, currency: null, country: "DE" }),
      paid("deposit", "2026-02-03", "100", "EUR"),
      paid("deposit", "2026-02-03", "30", "GBP"),
    );
    const totals = (currency: string) =>
      Promise.all(
        ["campaigns", "traffic?by=country"].map(async (path) => {
          const asked = `project_id=one-currency&from=2026-02-03&to=2026-02-03${currency}`;
          const answer = await read<{ currency: string; total: { amount: string } }>(
            `/${path}${path.includes("?") ? "&" : "?"}${asked}`,
          );
          return [answer.currency, answer.total.amount];
        }),
      );
    expect(await totals("")).toEqual([
      ["EUR", "136.00"],
      ["EUR", "136.00"],
    ]);
    expect(await totals("&currency=project")).toEqual(await totals(""));
    expect(await totals("&currency=USD")).toEqual([
      ["USD", "170.00"],
      ["USD", "170.00"],
    ]);
    const wrong = await get("/campaigns?project_id=one-currency&from=2026-02-03&to=2026-02-03&currency=XYZ");
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { errors: [{ field: "currency" }] }]);
  });
});

describe("rounding", () => {
  it.each<[bigint, bigint, bigint]>([
    [5n, 2n, 2n],
    [7n, 2n, 4n],
    [-5n, 2n, -2n],
    [-7n, 2n, -4n],
    [-1n, 3n, 0n],
    [2n, 3n, 1n],
    [-2n, 3n, -1n],
    [0n, 3n, 0n],
  ])("of %s / %s is %s", (number, by, result) => expect(divide(number, by)).toBe(result));

  it("is done once, to four decimal places, half to even", () => {
    expect(formatExact(125_000_000n)).toBe("0.0001");
    expect(formatExact(50_000_000n)).toBe("0.00");
    expect(formatExact(150_000_000n)).toBe("0.0002");
    expect(formatExact(-150_000_000n)).toBe("-0.0002");
    expect(formatAverage(EXACT_UNITS, 3)).toBe("0.3333");
    expect(formatAverage(EXACT_UNITS, 0)).toBe(null);
  });
});

describe("conversion", () => {
  it("in SQL equals that in whole numbers of any size", async () => {
    const amounts = fc.record({
      whole: fc.oneof(fc.nat(10_000), fc.integer({ min: 0, max: 9 * 10 ** 15 })),
      fraction: fc.oneof(fc.nat(9_999), fc.integer({ min: 0, max: 10 ** 11 })),
      rate: fc.oneof(fc.integer({ min: 1, max: 10 ** 9 }), fc.constant(10 ** 11)),
    });
    await fc.assert(
      fc.asyncProperty(amounts, async ({ whole, fraction, rate }) => {
        const { whole: w, rest } = exactUsd(sql`w`, sql`f`, sql`r`);
        const [given] = await db.all<{ whole: string; rest: string }>(sql`
          SELECT CAST(${w} AS TEXT) AS whole, CAST(${rest} AS TEXT) AS rest
          FROM (SELECT CAST(${String(whole)} AS INTEGER) AS w, CAST(${String(fraction)} AS INTEGER) AS f,
            CAST(${String(rate)} AS INTEGER) AS r)`);
        const exact = (BigInt(whole) * 10_000n + BigInt(fraction)) * BigInt(rate);
        expect([given?.whole, given?.rest]).toEqual([String(exact / EXACT_UNITS), String(exact % EXACT_UNITS)]);
      }),
      histories(40),
    );
  });

  const sum = (currency: string, whole: string, rate: number | null, more: Partial<Sum> = {}): Sum => ({
    event_date: "2026-05-01",
    currency,
    total: 1,
    whole,
    fraction: 0,
    rate,
    into_rate: 100_000_000,
    ...more,
  });

  it("sums exact products", () => {
    // Each is 0.00005 USD: rounded one by one they would be zero.
    const cents = ["a", "b"].map(() => sum("JPY", "0", 500_000, { fraction: 100 }));
    expect(formatExact(convert(cents).exact)).toBe("0.0001");
  });

  it("into another currency divides each date's sum, and leaves amounts in that currency unchanged", () => {
    const into_rate = 300_000_000;
    const rows = [
      sum("USD", "1", 100_000_000, { into_rate }),
      sum("USD", "1", 100_000_000, { into_rate, event_date: "2026-05-02" }),
      sum("XYZ", "7", 300_000_000, { into_rate }),
      // An amount in the target currency needs no rate.
      sum("XYZ", "5", null, { into_rate: null, event_date: "2026-05-03" }),
      sum("USD", "9", 100_000_000, { into_rate: null, event_date: "2026-05-03" }),
      sum("JPY", "9", null, { into_rate }),
      sum("JPY", "1", null, { into_rate, fraction: 5_000 }),
    ];
    const { exact, total, unconverted } = convert(rows, "XYZ");
    expect(exact).toBe(12n * EXACT_UNITS + 2n * 333_333_333_333n);
    expect(total).toBe(4);
    expect(Object.fromEntries(unconverted)).toEqual({ USD: 90_000n, JPY: 105_000n });
  });
});

const MAY = "from=2026-05-01&to=2026-05-31";
type Row = Record<string, unknown>;
const rowsOf = async (path: string, headers?: HeadersInit) =>
  (await read<Record<string, unknown>>(path, headers)).rows as Row[];
const picked = (row: Row | undefined, ...names: string[]) => names.map((name) => row?.[name]);

describe("a rate", () => {
  const usd = async () => {
    const { rows, total } = await read<Record<string, unknown>>(`/revenue?project_id=${PROJECT}&${MAY}`);
    const days = (rows as Row[]).map((row) => picked(row, "event_date", "total_usd", "unconverted"));
    return [...days, picked(total as Row, "total_usd", "unconverted")];
  };

  it("that arrives late converts past amounts, and a later date's never changes them", async () => {
    await begin("late");
    await tell(
      paid("purchase", "2026-05-10", "100", "SEK"),
      paid("purchase", "2026-05-18", "50", "SEK", { player_id: "p2" }),
    );
    expect(await usd()).toEqual([
      ["2026-05-10", "0.00", { SEK: "100.00" }],
      ["2026-05-18", "0.00", { SEK: "50.00" }],
      ["0.00", { SEK: "150.00" }],
    ]);
    // A rate of a later date does not apply, either.
    await loadRates(["SEK", "2026-05-19", "0.5"]);
    expect((await usd()).at(-1)).toEqual(["0.00", { SEK: "150.00" }]);
    // Seven days are as old as a rate may be; eight are too old.
    await loadRates(["SEK", "2026-05-10", "0.1"]);
    expect(await usd()).toEqual([
      ["2026-05-10", "10.00", {}],
      ["2026-05-18", "0.00", { SEK: "50.00" }],
      ["10.00", { SEK: "50.00" }],
    ]);
    await loadRates(["SEK", "2026-05-11", "0.12345678"]);
    expect(await usd()).toEqual([
      ["2026-05-10", "10.00", {}],
      // 50 × 0.12345678 = 6.172839
      ["2026-05-18", "6.1728", {}],
      ["16.1728", {}],
    ]);
    // An administrator corrects one day.
    await loadRates(["SEK", "2026-05-10", "0.2"]);
    expect((await usd()).at(-1)).toEqual(["26.1728", {}]);
  });

  it("that is new changes the answer, also for past days", async () => {
    await begin("kept");
    await tell(paid("purchase", "2026-05-10", "100", "NOK"));
    const path = `/revenue?project_id=kept&${MAY}`;
    const first = await get(path);
    const etag = first.headers.get("etag") as string;
    expect(await first.json()).toMatchObject({ total: { total_usd: "0.00" } });
    expect((await get(path, { ...ADMIN, "if-none-match": etag })).status).toBe(304);
    await loadRates(["NOK", "2026-05-10", "0.09"]);
    const second = await get(path, { ...ADMIN, "if-none-match": etag });
    expect(await second.json()).toMatchObject({ total: { total_usd: "9.00" } });
    // Corrected immediately, perhaps in the same millisecond.
    await loadRates(["NOK", "2026-05-10", "0.1"]);
    expect(await (await get(path)).json()).toMatchObject({ total: { total_usd: "10.00" } });
  });
});

describe("/revenue", () => {
  beforeAll(async () => {
    await begin("shop", { currency: "EUR" });
    await loadRates(
      ["EUR", "2026-05-01", "1.1"],
      ["EUR", "2026-05-02", "1.2"],
      ["JPY", "2026-05-01", "0.0064"],
      ["KWD", "2026-05-02", "3.25"],
    );
    const ios = { platform: "ios", app_id: "slots", banner_tag: "spring" };
    const web = { platform: "web", app_id: "poker", banner_tag: "fall", player_id: "p2" };
    await tell(
      paid("purchase", "2026-05-01", "9.99", "EUR", ios), // 10.989 USD
      paid("purchase", "2026-05-01", "1500", "JPY", ios), // 9.60 USD
      paid("deposit", "2026-05-01", "20", "USD", web),
      paid("purchase", "2026-05-01", "0.125", "KWD", web), // no rate yet on that day
      paid("purchase", "2026-05-02", "0.125", "KWD", web), // 0.40625 USD
      paid("refund", "2026-05-02", "9.99", "EUR", ios), // 11.988 USD: the rate of its own day
      paid("withdrawal", "2026-05-02", "5.5", "EUR", web), // 6.60 USD
      paid("withdrawal", "2026-05-12", "5", "EUR", web), // too late for any rate
      paid("purchase", "2026-05-02", "100", "EUR", { ...ios, test: 1 }),
      paid("level_up", "2026-05-02", "100", "EUR", ios),
      storedEvent({ ...paid("deposit", "2026-05-02", "1", "EUR"), amount: null, currency: null }),
    );
  });

  it("is reported by day, exactly", async () => {
    const { rows, total, timezone } = await read<Record<string, unknown>>(`/revenue?project_id=shop&${MAY}`);
    expect(timezone).toBe("UTC");
    const nothing = { refunded_unconverted: {}, withdrawn_unconverted: {}, unconverted: {} };
    expect(rows).toEqual([
      {
        event_date: "2026-05-01",
        purchases: 3,
        deposits: 1,
        paying_users: 2,
        totals: { EUR: "9.99", JPY: "1500.00", KWD: "0.125", USD: "20.00" },
        total_usd: "40.589",
        average_usd: "13.5297",
        refunds: 0,
        refunded_usd: "0.00",
        withdrawals: 0,
        withdrawn_usd: "0.00",
        net_usd: "40.589",
        ...nothing,
        unconverted: { KWD: "0.125" },
      },
      {
        event_date: "2026-05-02",
        purchases: 1,
        deposits: 0,
        paying_users: 1,
        totals: { KWD: "0.125" },
        // 0.40625, half to even.
        total_usd: "0.4062",
        average_usd: "0.4062",
        refunds: 1,
        refunded_usd: "11.988",
        withdrawals: 1,
        withdrawn_usd: "6.60",
        net_usd: "-18.1818",
        ...nothing,
      },
      {
        event_date: "2026-05-12",
        purchases: 0,
        deposits: 0,
        paying_users: 0,
        totals: {},
        total_usd: "0.00",
        average_usd: null,
        refunds: 0,
        refunded_usd: "0.00",
        withdrawals: 1,
        withdrawn_usd: "0.00",
        net_usd: "0.00",
        ...nothing,
        withdrawn_unconverted: { EUR: "5.00" },
      },
    ]);
    expect(total).toEqual({
      purchases: 4,
      deposits: 1,
      paying_users: 2,
      totals: { EUR: "9.99", JPY: "1500.00", KWD: "0.25", USD: "20.00" },
      // 40.99525, half to even.
      total_usd: "40.9952",
      average_usd: "10.2488",
      refunds: 1,
      refunded_usd: "11.988",
      withdrawals: 2,
      withdrawn_usd: "6.60",
      // 22.40725
      net_usd: "22.4072",
      unconverted: { KWD: "0.125" },
      refunded_unconverted: {},
      withdrawn_unconverted: { EUR: "5.00" },
    });
  });

  it("is reported in the project's currency, or another, as well as in USD", async () => {
    const of = async (currency: string) =>
      read<Record<string, unknown>>(`/revenue?project_id=shop&${MAY}&currency=${currency}`);
    const { currency, total, rows } = await of("project");
    expect(currency).toBe("EUR");
    // 9.99 EUR as it is, 29.60 USD at 1.1, 0.40625 USD at 1.2. What came in euro needs no rate, however late.
    expect((total as Row).converted).toEqual({
      amount: "37.2376",
      average: "9.3094",
      refunded: "9.99",
      withdrawn: "10.50",
      net_amount: "16.7476",
      unconverted: { KWD: "0.125" },
      refunded_unconverted: {},
      withdrawn_unconverted: {},
    });
    expect((total as Row).total_usd).toBe("40.9952");
    expect((rows as { converted: Row }[]).map(({ converted }) => converted.amount)).toEqual([
      "36.8991",
      "0.3385",
      "0.00",
    ]);
    const { total: dollars } = await of("USD");
    expect((dollars as Row).converted).toMatchObject({ amount: "40.9952", net_amount: "22.4072" });
    expect((await get(`/revenue?project_id=shop&currency=EURO`)).status).toBe(400);
    const csv = await (await get(`/revenue?project_id=shop&${MAY}&currency=project&format=csv`)).text();
    const [head = "", first = ""] = csv.split("\r\n");
    expect(head).not.toContain("usd");
    const cells = Object.fromEntries(head.split(",").map((name, index) => [name, first.split(",")[index]]));
    expect(cells).toMatchObject({ currency_of_amounts: "EUR", amount: "36.8991", unconverted: "0.125 KWD" });
  });

  it("is reported in that currency for cohorts, apps and players, too", async () => {
    const asked = "project_id=shop&currency=project";
    const { total } = await read<Record<string, unknown>>(`/cohorts?${asked}&${MAY}`);
    expect((total as { converted: Row }).converted).toMatchObject({ revenue: "37.2376", net_amount: "16.7476" });
    type Valued = { value: Row[]; players: number; revenue_per_player_usd: string; converted: { value: Row[] } };
    const { value, players, revenue_per_player_usd, converted: valued } = total as Valued;
    // All of them came long ago and paid within a month, so the value after a month equals the value until now.
    expect(value.map(({ day }) => day)).toEqual([0, 1, 3, 7, 14, 30, 60, 90]);
    expect(value.at(-1)).toEqual({ day: 90, people: players, revenue_per_player_usd });
    expect(valued.value.at(-1)).toMatchObject({ day: 90, people: players });
    const { total: day } = await read<Record<string, unknown>>(`/kpis?${asked}&date=2026-05-01`);
    expect((day as { converted: Row }).converted).toMatchObject({ revenue: "36.8991", arpu: null });
    const { currency, converted } = await read<Record<string, unknown>>(`/players/p1?${asked}`);
    // 1,500 yen, and the purchases in euro were refunded.
    expect([currency, (converted as Row).spend, (converted as Row).unconverted]).toEqual(["EUR", "8.7273", {}]);
    const { rows } = await read<Record<string, unknown>>(`/players?${asked}&sort=player_id`);
    expect((rows as Row[]).map(({ spend, currency }) => [spend, currency])).toEqual([
      ["8.7273", "EUR"],
      [null, "EUR"],
    ]);
    const ltv = await read<Record<string, unknown>>(`/ltv?${asked}`);
    expect(ltv.currency).toBe("EUR");
    const own = (ltv.rows as { player_id: string; converted: Row }[]).find(({ player_id }) => player_id === "p1");
    expect(own?.converted).toEqual(converted);
    const csv = (await (await get(`/ltv?${asked}&format=csv`)).text()).split("\r\n")[0];
    expect(csv?.split(",")).toEqual(expect.arrayContaining(["spend", "net_amount", "currency_of_amounts"]));
    expect(csv).not.toContain("_usd");
  });

  it.each<[string, string[], unknown[][]]>([
    [
      "group_by=currency&to=2026-05-01",
      ["currency", "purchases", "paying_users", "total", "total_usd"],
      [
        ["EUR", 1, 1, "9.99", "10.989"],
        ["JPY", 1, 1, "1500.00", "9.60"],
        ["KWD", 1, 1, "0.125", "0.00"],
        ["USD", 0, 1, "20.00", "20.00"],
      ],
    ],
    [
      "group_by=app_id&to=2026-05-01",
      ["app_id", "paying_users", "total_usd"],
      [
        ["poker", 1, "20.00"],
        ["slots", 1, "20.589"],
      ],
    ],
    ["group_by=platform&event_type=deposit", ["platform", "deposits", "purchases"], [["web", 1, 0]]],
    [
      "platform=ios&to=2026-05-02",
      ["event_date", "purchases", "paying_users", "total_usd", "refunds"],
      [
        ["2026-05-01", 2, 1, "20.589", 0],
        ["2026-05-02", 0, 0, "0.00", 1],
      ],
    ],
    ["app_id=poker&group_by=banner_tag&to=2026-05-01", ["banner_tag", "total_usd"], [["fall", "20.00"]]],
    ["banner_tag=spring&event_type=refund", ["event_date", "refunds", "net_usd"], [["2026-05-02", 1, "-11.988"]]],
    [
      "interval=hour&group_by=banner_tag&to=2026-05-01",
      ["event_hour", "banner_tag", "total_usd"],
      [
        [12, "fall", "20.00"],
        [12, "spring", "20.589"],
      ],
    ],
  ])("with %s", async (more, columns, expected) => {
    const range = more.includes("to=") ? "from=2026-05-01" : MAY;
    const rows = await rowsOf(`/revenue?project_id=shop&${range}&${more}`);
    expect(rows.map((row) => picked(row, ...columns))).toEqual(expected);
  });

  it("comes as CSV, negative amounts as numbers", async () => {
    const text = await (await get(`/revenue?project_id=shop&${MAY}&format=csv`)).text();
    expect(text.split("\r\n")).toEqual([
      "event_date,purchases,deposits,paying_users,totals,total_usd,average_usd,refunds,refunded_usd,withdrawals,withdrawn_usd,net_usd,unconverted,refunded_unconverted,withdrawn_unconverted",
      "2026-05-01,3,1,2,9.99 EUR 1500.00 JPY 0.125 KWD 20.00 USD,40.589,13.5297,0,0.00,0,0.00,40.589,0.125 KWD,,",
      "2026-05-02,1,0,1,0.125 KWD,0.4062,0.4062,1,11.988,1,6.60,-18.1818,,,",
      "2026-05-12,0,0,0,,0.00,,0,0.00,1,0.00,0.00,,,5.00 EUR",
      "",
    ]);
  });

  it("shows a key of one tag only its revenue", async () => {
    const key = await makeApiKey({ role: "viewer", project_id: "shop", banner_tags: ["spring"] });
    const headers = bearer(key);
    const { total } = await read<Record<string, unknown>>(`/revenue?${MAY}`, headers);
    expect(picked(total as Row, "purchases", "deposits", "paying_users", "total_usd", "withdrawals")).toEqual([
      2,
      0,
      1,
      "20.589",
      0,
    ]);
    expect((await get(`/revenue?${MAY}&banner_tag=fall`, headers)).status).toBe(403);
  });

  it.each([
    ...["group_by=country", "interval=week", "event_type=spin", "banner_tag="],
    ...["country=malta", "device=", "platform=a&platform="],
  ])("refuses %s", async (more) => {
    const response = await get(`/revenue?project_id=shop&${more}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field: more.split("=")[0] }] });
  });
});

describe("/ltv", () => {
  beforeAll(async () => {
    await begin("values", { timezone: "Europe/Malta" });
    await loadRates(["EUR", "2026-04-01", "1.1"], ["EUR", "2026-04-08", "1.2"]);
    const seen = (player_id: string, day: string, banner_tag: string | null, event_type = "visit") =>
      storedEvent(
        { project_id: "values", event_type, player_id, banner_tag, timestamp: Date.parse(day) },
        "Europe/Malta",
      );
    await tell(
      // Registered under `fall`, first seen under `spring`: brought by `fall`. 110 + 24 − 12 = 122 USD, 60 of it taken back.
      seen("whale", "2026-04-01T22:30:00Z", "spring"), // Already the 2nd in Malta.
      seen("whale", "2026-04-03T12:00:00Z", "fall", "registration"),
      paid("deposit", "2026-04-04", "100", "EUR", { player_id: "whale" }),
      paid("purchase", "2026-04-09", "20", "EUR", { player_id: "whale" }),
      paid("refund", "2026-04-09", "10", "EUR", { player_id: "whale" }),
      paid("withdrawal", "2026-04-10", "50", "EUR", { player_id: "whale" }),
      // Exactly on the threshold.
      seen("dolphin", "2026-04-02T12:00:00Z", "spring"),
      paid("purchase", "2026-04-03", "20", "USD", { player_id: "dolphin" }),
      // Just below it.
      seen("minnow", "2026-04-02T12:00:00Z", "spring"),
      paid("purchase", "2026-04-03", "19.9999", "USD", { player_id: "minnow" }),
      // All of it refunded, and more.
      seen("refunded", "2026-04-02T12:00:00Z", "spring"),
      paid("purchase", "2026-04-03", "200", "USD", { player_id: "refunded" }),
      paid("refund", "2026-04-03", "200.5", "USD", { player_id: "refunded" }),
      // Paid in a currency without a rate.
      paid("purchase", "2026-04-03", "12", "KWD", { player_id: "kuwaiti", banner_tag: "spring" }),
      seen("free", "2026-04-02T12:00:00Z", null),
      // Not known as a player, but paid.
      paid("purchase", "2026-04-03", "6", "USD", { player_id: null, visitor_id: "v1" }),
      storedEvent({ project_id: "values", event_type: "visit", visitor_id: "v2" }),
    );
  });

  it("lists what each player is worth, the highest first, with sums by segment", async () => {
    const body = await read<Record<string, unknown>>("/ltv?project_id=values");
    const rows = body.rows as Row[];
    expect(rows[0]).toEqual({
      player_id: "whale",
      visitor_id: null,
      banner_tag: "fall",
      segment: "whale",
      first_seen: "2026-04-01T22:30:00.000Z",
      last_event_at: "2026-04-10T12:00:00.000Z",
      lifetime_days: 8,
      first_purchase_date: "2026-04-04",
      last_purchase_date: "2026-04-09",
      payments: 2,
      spend_usd: "122.00",
      withdrawn_usd: "60.00",
      net_usd: "62.00",
      unconverted: {},
      refunded_unconverted: {},
      withdrawn_unconverted: {},
    });
    const columns = ["player_id", "visitor_id", "segment", "spend_usd", "unconverted"];
    expect(rows.map((row) => picked(row, ...columns))).toEqual([
      ["whale", null, "whale", "122.00", {}],
      ["dolphin", null, "dolphin", "20.00", {}],
      ["minnow", null, "minnow", "19.9999", {}],
      [null, "v1", "minnow", "6.00", {}],
      ["free", null, "free", "0.00", {}],
      ["kuwaiti", null, "unknown", "0.00", { KWD: "12.00" }],
      ["refunded", null, "free", "-0.50", {}],
    ]);
    const sums = ["players", "payers", "payments", "spend_usd", "withdrawn_usd", "net_usd", "average_spend_usd"];
    expect((body.segments as Row[]).map((row) => picked(row, "segment", ...sums, "unconverted"))).toEqual([
      ["whale", 1, 1, 2, "122.00", "60.00", "62.00", "122.00", {}],
      ["dolphin", 1, 1, 1, "20.00", "0.00", "20.00", "20.00", {}],
      ["minnow", 2, 2, 2, "25.9999", "0.00", "25.9999", "13.00", {}],
      ["free", 2, 1, 1, "-0.50", "0.00", "-0.50", "-0.25", {}],
      ["unknown", 1, 1, 1, "0.00", "0.00", "0.00", null, { KWD: "12.00" }],
    ]);
    expect(picked(body.total as Row, ...sums, "unconverted")).toEqual([
      7,
      6,
      7,
      "167.4999",
      "60.00",
      "107.4999",
      null,
      { KWD: "12.00" },
    ]);
  });

  it("has pages and filters, and comes complete as CSV", async () => {
    const names: unknown[] = [];
    let cursor = "";
    do {
      const body = await read<Record<string, unknown>>(
        `/ltv?project_id=values&limit=2${cursor && `&cursor=${cursor}`}`,
      );
      names.push(...(body.rows as Row[]).map((row) => row.player_id ?? row.visitor_id));
      cursor = (body.next_cursor as string | null) ?? "";
    } while (cursor);
    const all = ["whale", "dolphin", "minnow", "v1", "free", "kuwaiti", "refunded"];
    expect(names).toEqual(all);
    const lines = (await (await get("/ltv?project_id=values&limit=1&format=csv")).text()).trimEnd().split("\r\n");
    expect(lines.slice(1).map((line) => line.split(",").slice(0, 2).join(""))).toEqual(all);
    const of = async (more: string) =>
      (await rowsOf(`/ltv?project_id=values&${more}`)).map((row) => row.player_id ?? row.visitor_id);
    expect(await of("segment=minnow")).toEqual(["minnow", "v1"]);
    // By the tag that brought the players, with all their later payments.
    expect(await of("banner_tag=fall")).toEqual(["whale"]);
    expect(await of("banner_tag=spring")).toEqual(["dolphin", "minnow", "kuwaiti", "refunded"]);
    for (const wrong of ["cursor=x", "cursor=WzFd", "segment=shark", "limit=0"])
      expect((await get(`/ltv?project_id=values&${wrong}`)).status).toBe(400);
  });

  it("names players only to analysts, and to a key of one tag only those that the tag brought", async () => {
    const as = async (given: Parameters<typeof makeApiKey>[0]) =>
      bearer(await makeApiKey({ project_id: "values", ...given }));
    const viewer = await as({ role: "viewer" });
    const text = await (await get("/ltv", viewer)).text();
    expect(JSON.parse(text)).toMatchObject({ total: { players: 7 } });
    expect(JSON.parse(text)).not.toHaveProperty("rows");
    expect(text + (await (await get("/ltv?format=csv", viewer)).text())).not.toContain("kuwaiti");
    const affiliate = await as({ role: "analyst", banner_tags: ["fall"] });
    const own = await read<Record<string, unknown>>("/ltv", affiliate);
    expect(own).toMatchObject({ total: { players: 1, spend_usd: "122.00" }, rows: [{ player_id: "whale" }] });
    expect((await get("/ltv?banner_tag=spring", affiliate)).status).toBe(403);
  });
});

describe("/kpis", () => {
  beforeAll(async () => {
    await begin("today", { timezone: "Asia/Tokyo" });
    await loadRates(["JPY", "2026-05-20", "0.0064"]);
    const at = (time: string, event_type: string, player_id: string, more: Partial<StoredEvent> = {}) =>
      storedEvent({ project_id: "today", event_type, player_id, timestamp: Date.parse(time), ...more }, "Asia/Tokyo");
    const money = (amount: string, currency: string) => ({ amount: Number(amount) * 10_000, currency });
    const [slots, poker] = [
      { app_id: "slots", banner_tag: "spring" },
      { app_id: "poker", banner_tag: "fall" },
    ];
    await tell(
      at("2026-05-18T03:00:00Z", "deposit", "old", { ...slots, ...money("10", "USD") }),
      // The 20th in Tokyo, still the 19th in UTC.
      at("2026-05-19T15:30:00Z", "install", "new", slots),
      at("2026-05-19T16:00:00Z", "install", "new", slots),
      at("2026-05-19T17:00:00Z", "deposit", "new", { ...slots, ...money("1000", "JPY") }),
      at("2026-05-19T18:00:00Z", "deposit", "old", { ...slots, ...money("2", "USD") }),
      at("2026-05-19T18:00:00Z", "purchase", "old", { ...poker, ...money("3", "USD") }),
      at("2026-05-20T03:00:00Z", "purchase", "new", { ...poker, ...money("5", "KWD") }),
      at("2026-05-20T04:00:00Z", "spin", "visitor", poker),
      at("2026-05-20T05:00:00Z", "deposit", "unpriced", poker),
      at("2026-05-20T16:00:00Z", "install", "tomorrow", slots),
    );
  });

  const NAMES = [
    "app_id",
    "installs",
    "new_players",
    "active_users",
    "paying_users",
    "purchases",
    "deposits",
    "first_deposits",
    "revenue_usd",
    "arpu_usd",
    "arppu_usd",
    "unconverted",
  ];

  it("are for a day in the project's time zone, by app", async () => {
    const { date, rows, total } = await read<Record<string, unknown>>("/kpis?project_id=today&date=2026-05-20");
    expect(date).toBe("2026-05-20");
    expect((rows as Row[]).map((row) => picked(row, ...NAMES))).toEqual([
      ["poker", 0, 3, 4, 2, 2, 0, 1, "3.00", null, null, { KWD: "5.00" }],
      ["slots", 1, 1, 2, 2, 0, 2, 1, "8.40", "4.20", "4.20", {}],
    ]);
    expect(picked(total as Row, ...NAMES.slice(1))).toEqual([
      1,
      3,
      4,
      2,
      2,
      2,
      2,
      "11.40",
      null,
      null,
      { KWD: "5.00" },
    ]);
  });

  it("are for one app, with an equal row and total", async () => {
    const { rows, total } = await read<Record<string, unknown>>("/kpis?project_id=today&date=2026-05-20&app_id=poker");
    expect((rows as Row[]).map((row) => picked(row, ...NAMES))).toEqual([
      ["poker", 0, 3, 4, 2, 2, 0, 1, "3.00", null, null, { KWD: "5.00" }],
    ]);
    expect(total).toEqual(Object.fromEntries(NAMES.slice(1).map((name) => [name, (rows as Row[])[0]?.[name]])));
  });

  it("are for today if no date is given", async () => {
    const now = Date.now();
    await tell(storedEvent({ project_id: "today", event_type: "visit", player_id: "p", timestamp: now }, "Asia/Tokyo"));
    const { date, total } = await read<Record<string, unknown>>("/kpis?project_id=today");
    expect(date).toBe(new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Tokyo" }).format(now));
    expect(total).toMatchObject({ active_users: 1, new_players: 1, revenue_usd: "0.00", arppu_usd: null });
    expect((await get("/kpis?project_id=today&date=2026-02-30")).status).toBe(400);
  });

  it("show a key of one tag only that tag's figures", async () => {
    const key = await makeApiKey({ role: "viewer", project_id: "today", banner_tags: ["fall"] });
    const { rows, total } = await read<Record<string, unknown>>("/kpis?date=2026-05-20", {
      authorization: `Bearer ${key}`,
    });
    expect((rows as Row[]).map((row) => row.app_id)).toEqual(["poker"]);
    expect(picked(total as Row, ...NAMES.slice(1, -1))).toEqual([0, 3, 4, 2, 2, 0, 1, "3.00", null, null]);
  });
});

describe("/campaigns", () => {
  beforeAll(async () => {
    await begin("casino", { currency: "EUR" });
    await loadRates(
      ["EUR", "2026-05-03", "1.25"],
      ["EUR", "2026-05-04", "1.6"],
      ["GBP", "2026-05-03", "1.3"],
      ["CHF", "2026-05-03", "1"],
    );
    const tagged = (player_id: string, banner_tag: string) => ({ player_id, banner_tag });
    const registered = (player_id: string, day: string, banner_tag: string) =>
      storedEvent({
        project_id: "casino",
        event_type: "registration",
        ...tagged(player_id, banner_tag),
        timestamp: Date.parse(`${day}T10:00:00Z`),
      });
    await tell(
      // New: registered and first deposited in May. 100 GBP are 130 USD, or 104 EUR; on the 4th 81.25.
      registered("new", "2026-05-03", "spring"),
      paid("deposit", "2026-05-03", "100", "GBP", tagged("new", "spring")),
      paid("deposit", "2026-05-04", "100", "GBP", tagged("new", "spring")),
      paid("withdrawal", "2026-05-04", "8", "USD", tagged("new", "spring")), // 5 EUR
      paid("refund", "2026-05-04", "1.60", "USD", tagged("new", "spring")), // 1 EUR
      // Registered before, first deposited in May, and once under another tag.
      registered("slow", "2026-04-03", "spring"),
      paid("deposit", "2026-05-03", "0.001", "EUR", tagged("slow", "spring")),
      paid("deposit", "2026-05-04", "1", "CHF", tagged("slow", "fall")), // 0.625 EUR
      // Returning.
      registered("loyal", "2026-04-03", "fall"),
      paid("deposit", "2026-04-03", "10", "EUR", tagged("loyal", "fall")),
      paid("deposit", "2026-05-03", "1", "USD", tagged("loyal", "fall")), // 0.80 EUR
      // There is no rate of the euro, and none is needed; the dollar needs one.
      paid("deposit", "2026-05-20", "7", "EUR", tagged("loyal", "fall")),
      paid("deposit", "2026-05-20", "7", "USD", tagged("loyal", "fall")),
      paid("withdrawal", "2026-05-20", "3", "JPY", tagged("loyal", "fall")),
    );
  });

  const NAMES = [
    "first_deposits",
    "new_depositors",
    "returning_depositors",
    "depositors",
    "deposits",
    "amount",
    "deposit_per_first_deposit",
    "deposit_per_visit",
    "refunded",
    "withdrawn",
    "net_amount",
    "unconverted",
    "withdrawn_unconverted",
  ];

  it("convert to the project's currency, and separate new depositors from returning ones", async () => {
    const { rows, total } = await read<Record<string, unknown>>(`/campaigns?project_id=casino&${MAY}&sort=banner_tag`);
    expect((rows as Row[]).map((row) => picked(row, "banner_tag", ...NAMES))).toEqual([
      ["fall", 0, 0, 1, 2, 4, "8.425", null, null, "0.00", "0.00", "8.425", { USD: "7.00" }, { JPY: "3.00" }],
      ["spring", 2, 1, 0, 2, 3, "185.251", "92.6255", null, "1.00", "5.00", "179.251", {}, {}],
    ]);
    expect(picked(total as Row, "unique_players", "registrations", ...NAMES)).toEqual([
      3,
      1,
      2,
      1,
      1,
      3,
      7,
      "193.676",
      null,
      null,
      "1.00",
      "5.00",
      "187.676",
      { USD: "7.00" },
      { JPY: "3.00" },
    ]);
  });

  it("of some tags count a person with several tags once", async () => {
    const of = async (...banner_tags: string[]) => {
      const key = await makeApiKey({ role: "viewer", project_id: "casino", banner_tags });
      const { total } = await read<Record<string, unknown>>(`/campaigns?${MAY}`, bearer(key));
      return picked(total as Row, "unique_players", "depositors", "returning_depositors", "registrations", "amount");
    };
    expect(await of("spring")).toEqual([2, 2, 0, 1, "185.251"]);
    expect(await of("spring", "fall")).toEqual([3, 3, 1, 1, "193.676"]);
  });

  it.each(["-first_deposits", "first_deposits"])("sort by %s", async (sort) => {
    const rows = await rowsOf(`/campaigns?project_id=casino&${MAY}&sort=${sort}`);
    const figures = rows.map((row) => Number(row.first_deposits));
    expect(figures).toEqual(figures.toSorted((a, b) => (sort.startsWith("-") ? b - a : a - b)));
  });

  it("list tags with unknown amounts first, in either direction of the order", async () => {
    for (const column of ["amount", "deposit_per_first_deposit", "deposit_per_visit", "withdrawn", "net_amount"])
      for (const sort of [column, `-${column}`]) {
        const rows = await rowsOf(`/campaigns?project_id=casino&${MAY}&sort=${sort}`);
        expect(
          rows.map((row) => row.banner_tag),
          sort,
        ).toEqual(["fall", "spring"]);
      }
  });

  it("come as CSV with the compared period", async () => {
    const text = await (await get(`/campaigns?project_id=casino&${MAY}&compare=previous&format=csv`)).text();
    const [head = "", ...lines] = text.trimEnd().split("\r\n");
    const at = (line: string, name: string) => line.split(",")[head.split(",").indexOf(name)];
    const fall = lines.find((line) => line.startsWith("fall")) as string;
    expect(["amount", "unconverted", "withdrawn_unconverted", "previous_amount"].map((name) => at(fall, name))).toEqual(
      ["8.425", "7.00 USD", "3.00 JPY", "10.00"],
    );
  });
});
