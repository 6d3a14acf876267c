/** Series, compared with a naive count of known events: by the minute from the live counters, by hour and day from the tables. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { addDays, localTime, startOfLocalDay } from "../../worker/calendar.ts";
import type { StoredEvent } from "../../worker/event.ts";
import type { Point, SeriesAnswer } from "../../worker/reports/series/series.ts";
import { get, read, sendPixel } from "./api.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, deliver, settle, storedEvent } from "./log.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ZONE = "Europe/Malta";

type Asked = Record<string, string | number>;
const pathOf = (name: string, asked: Asked) =>
  `/metrics/${name}?${new URLSearchParams({ project_id: "series", ...asked } as Record<string, string>)}`;
const ask = (name: string, asked: Asked, headers?: HeadersInit) => get(pathOf(name, asked), headers);
const seriesOf = (name: string, asked: Asked, headers?: HeadersInit) =>
  read<SeriesAnswer>(pathOf(name, asked), headers);

let state = 11;
const next = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
const pick = <T>(from: readonly T[]) => from[Math.floor(next() * from.length)] as T;

const TAGS = ["spring", "summer", "winter"];
/** In 1e-8 USD: one rate changes on the day of the clock change, one is missing there. */
const RATES = [
  { currency: "EUR", rate_date: "2025-03-28", rate: 108_000_001n },
  { currency: "EUR", rate_date: "2025-03-30", rate: 108_500_000n },
  { currency: "JPY", rate_date: "2025-03-29", rate: 654_321n },
  { currency: "EUR", rate_date: "2025-10-24", rate: 116_250_000n },
  { currency: "JPY", rate_date: "2025-10-16", rate: 660_000n },
];
/** Exactly, in 1e-12 USD; null where no rate is in force. */
function usdOf({ amount, currency, event_date }: StoredEvent): bigint | null {
  if (currency === "USD") return BigInt(amount ?? 0) * 100_000_000n;
  const age = (date: string) => (Date.parse(event_date) - Date.parse(date)) / DAY;
  const [best] = RATES.filter(
    (rate) => rate.currency === currency && age(rate.rate_date) >= 0 && age(rate.rate_date) <= 7,
  ).toSorted((a, b) => age(a.rate_date) - age(b.rate_date));
  return best === undefined ? null : BigInt(amount ?? 0) * best.rate;
}
/** To 4 decimal places, half to even, and shown with two at least. */
function decimal(numerator: bigint, denominator: bigint): string {
  let units = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && units % 2n === 1n)) units += 1n;
  const places = String(units % 10_000n).padStart(4, "0");
  return `${units / 10_000n}.${places.endsWith("00") ? places.slice(0, 2) : places.replace(/0$/, "")}`;
}
const INCOME = ["deposit", "purchase"];
const income = (own: StoredEvent[]) => own.filter(({ event_type }) => INCOME.includes(event_type));
const usd = (own: StoredEvent[]) => income(own).reduce((sum, event) => sum + (usdOf(event) ?? 0n), 0n);

/** Each person has a tag, so that attribution changes nothing; visitors 0–9 turn out to be players 0–9. */
function someEvent(timestamp: number): StoredEvent {
  const n = Math.floor(next() * 30);
  const event_type = pick(["visit", "visit", "visit", "registration", "deposit", "purchase", "withdrawal", "spin"]);
  const money = !["visit", "registration", "spin"].includes(event_type);
  return storedEvent(
    {
      project_id: "series",
      event_type,
      timestamp,
      player_id: n < 20 ? `player-${n % 10}` : null,
      visitor_id: n < 20 ? null : `visitor-${n % 10}`,
      banner_tag: TAGS[n % 3] as string,
      country: pick(["MT", "SE", null]),
      device: pick(["mobile", "desktop"]),
      app_id: pick(["slots", "roulette", null]),
      amount: money ? 10_000 + Math.floor(next() * 90_000) : null,
      currency: money ? pick(["EUR", "USD", "JPY"]) : null,
    },
    ZONE,
  );
}
const personOf = (event: StoredEvent) => event.player_id ?? (event.visitor_id as string).replace("visitor", "player");

const NOW = Date.now();
/** The days on which the clocks in Malta go forward, and back. */
const FORWARD = Date.parse("2025-03-29T23:00:00Z");
const BACK = Date.parse("2025-10-25T22:00:00Z");
const AGES = Date.parse("2024-01-01T00:00:00Z");
const minute = NOW - (NOW % MINUTE);
const events = [
  ...Array.from({ length: 600 }, () => someEvent(NOW - Math.floor(next() * 23.9 * HOUR))),
  // Where one minute, hour and day ends and the next begins.
  ...[minute - 10 * MINUTE, minute - 10 * MINUTE - 1, minute - 3 * HOUR, minute - 3 * HOUR - 1].map(someEvent),
  ...[startOfLocalDay(ZONE, NOW), startOfLocalDay(ZONE, NOW) - 1].map(someEvent),
  ...Array.from({ length: 300 }, () => someEvent(FORWARD - DAY + Math.floor(next() * 3 * DAY))),
  ...Array.from({ length: 300 }, () => someEvent(BACK - DAY + Math.floor(next() * 3 * DAY))),
];
const links = Array.from({ length: 10 }, (_, n) =>
  storedEvent(
    {
      project_id: "series",
      event_type: "auth",
      timestamp: AGES,
      player_id: `player-${n}`,
      visitor_id: `visitor-${n}`,
    },
    ZONE,
  ),
);

const FORMULAS: Record<string, (own: StoredEvent[]) => number | string | null> = {
  revenue: (own) => decimal(usd(own), 100_000_000n),
  arpu: (own) => {
    const people = new Set(own.map(personOf)).size;
    return people ? decimal(usd(own), 100_000_000n * BigInt(people)) : null;
  },
  visits: (own) => own.filter(({ event_type }) => event_type === "visit").length,
  registrations: (own) => own.filter(({ event_type }) => event_type === "registration").length,
  deposits: (own) => own.filter(({ event_type }) => event_type === "deposit").length,
  events: (own) => own.length,
  daily_active_users: (own) => new Set(own.map(personOf)).size,
  conversion_rate: (own) => {
    const visits = own.filter(({ event_type }) => event_type === "visit").length;
    return visits ? own.filter(({ event_type }) => event_type === "registration").length / visits : null;
  },
};
/** The person's first deposit ever: these events have one person's deposits in the order of their times. */
const FIRST_DEPOSITS = new Set(
  [
    ...Map.groupBy(
      events.filter(({ event_type }) => event_type === "deposit"),
      personOf,
    ).values(),
  ].map((own) => own.toSorted((a, b) => a.timestamp - b.timestamp)[0]),
);
const BY_DAY_ALONE: typeof FORMULAS = {
  first_deposits: (own) => own.filter((event) => FIRST_DEPOSITS.has(event)).length,
};
const DIMENSIONS = ["banner_tag", "country", "device", "app_id"] as const;
const NARROWING = ["country", "device", "app_id"] as const;

/** Counts the events between one point's time and the next one's, by dimension and tags. */
function check(name: string, { points, endTime }: SeriesAnswer, asked: Asked, tags: string[] | null = null): void {
  const dimension = asked.dimension as (typeof DIMENSIONS)[number] | undefined;
  const times = [...new Set(points.map(({ time }) => Date.parse(time)))];
  const until = new Map(times.map((time, index) => [time, times[index + 1] ?? Date.parse(endTime)]));
  const visible = events
    .filter(({ banner_tag }) => tags === null || tags.includes(banner_tag as string))
    .filter((event) => NARROWING.every((field) => asked[field] === undefined || event[field] === asked[field]));
  const byTime = new Map(
    times.map((time) => [
      time,
      visible.filter(({ timestamp }) => timestamp >= time && timestamp < (until.get(time) as number)),
    ]),
  );
  const formula = { ...FORMULAS, ...BY_DAY_ALONE }[name] as (own: StoredEvent[]) => number | string | null;
  const naive = points.map(({ unconverted: _, ...point }): Point => {
    const all = byTime.get(Date.parse(point.time)) as StoredEvent[];
    const own = dimension ? all.filter((event) => event[dimension] === point[dimension]) : all;
    const without = ["revenue", "arpu"].includes(name) ? income(own).filter((event) => usdOf(event) === null) : [];
    const byCurrency = [...Map.groupBy(without, ({ currency }) => currency as string)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    const unconverted = byCurrency.map(([code, some]): [string, string] => [
      code,
      decimal(
        some.reduce((sum, { amount }) => sum + BigInt(amount ?? 0), 0n),
        1n,
      ),
    ]);
    return {
      ...point,
      value: formula(own),
      ...(without.length > 0 && { unconverted: Object.fromEntries(unconverted) }),
    };
  });
  expect(points).toEqual(naive);
  if (dimension && ["first_deposits", "visits", "registrations", "deposits", "events"].includes(name)) {
    // No value of the dimension is missing.
    const all = [...byTime.values()].reduce((sum, own) => sum + (formula(own) as number), 0);
    expect(points.reduce((sum, { value }) => sum + (value as number), 0)).toBe(all);
  }
}

beforeAll(async () => {
  await createProject("series", { timezone: ZONE, currency: "EUR" });
  const today = localTime(ZONE, NOW).date;
  RATES.push({ currency: "EUR", rate_date: addDays(today, -1), rate: 115_000_003n });
  for (const { currency, rate_date, rate } of RATES) {
    await env.DB.prepare("INSERT INTO exchange_rates VALUES (?, ?, CAST(? AS INTEGER), 'test', 0)")
      .bind(currency, rate_date, Number(rate))
      .run();
  }
  // The links are last: the visitors' events were counted as theirs before.
  await deliver([{ events }]);
  await settle();
  await deliver([{ events: links }]);
  await settle();
});

const names = Object.keys(FORMULAS);
const byPeople = ["daily_active_users", "arpu"];
const byMinute = names.filter((name) => !byPeople.includes(name));
const dimensionsOf = (name: string) =>
  ["revenue", "arpu"].includes(name) ? (["banner_tag", "app_id"] as const) : DIMENSIONS;

describe("a series", () => {
  it.each(byMinute)("%s by the minute equals a naive count, for the last 24 hours", async (name) => {
    const answer = await seriesOf(name, {});
    expect(answer).toMatchObject({ granularity: "minute", source: "live", name });
    expect([1_440, 1_441]).toContain(answer.points.length);
    check(name, answer, {});
    expect(answer.points.filter(({ complete }) => complete === false)).toEqual([answer.points.at(-1)]);
    for (const dimension of dimensionsOf(name)) {
      const asked = { dimension, startTime: NOW - 2 * HOUR, endTime: NOW - HOUR };
      const cut = await seriesOf(name, asked);
      expect(new Set(cut.points.map(({ time }) => time)).size).toBeLessThanOrEqual(61);
      check(name, cut, asked);
    }
  });

  it.each(names)("%s by the hour and day equals a naive count, also across changes of the clocks", async (name) => {
    const day = (at: number) => ({
      startTime: at,
      endTime: new Date(startOfLocalDay(ZONE, at + 30 * HOUR)).toISOString(),
    });
    const hours = async (at: number) => {
      const answer = await seriesOf(name, day(at));
      check(name, answer, {});
      return [answer.granularity, answer.source, answer.points.length, answer.startTime, answer.endTime];
    };
    expect(await hours(FORWARD)).toEqual([
      "hour",
      "tables",
      23,
      "2025-03-29T23:00:00.000Z",
      "2025-03-30T22:00:00.000Z",
    ]);
    // The hour that occurs twice is one point, of two hours.
    expect(await hours(BACK)).toEqual(["hour", "tables", 24, "2025-10-25T22:00:00.000Z", "2025-10-26T23:00:00.000Z"]);
    for (const dimension of [undefined, ...dimensionsOf(name)]) {
      for (const at of [FORWARD, BACK]) {
        for (const granularity of ["hour", "day"]) {
          const asked = { granularity, startTime: at - DAY, endTime: at + 2 * DAY, ...(dimension && { dimension }) };
          check(name, await seriesOf(name, asked), asked);
        }
      }
    }
    const days = await seriesOf(name, { startTime: "2025-03-25T12:00:00Z", endTime: "2025-11-01" });
    expect(days).toMatchObject({ granularity: "day", source: "tables", startTime: "2025-03-24T23:00:00.000Z" });
    check(name, days, {});
    expect(days.points).toHaveLength(222);
    expect(days.points.every((point) => !("complete" in point))).toBe(true);
  });

  it.each(names)("%s can be filtered by one value of one field, in addition to tags", async (name) => {
    const filters = ["revenue", "arpu"].includes(name)
      ? [{ app_id: "slots" }]
      : [{ country: "MT" }, { device: "mobile" }, { app_id: "slots" }];
    for (const filter of filters) {
      const [field = ""] = Object.keys(filter);
      for (const dimension of [undefined, "banner_tag", field])
        for (const granularity of byPeople.includes(name) ? ["hour", "day"] : ["minute", "hour", "day"]) {
          const time =
            granularity === "minute"
              ? { startTime: NOW - 2 * HOUR, endTime: NOW - HOUR }
              : { startTime: BACK - DAY, endTime: BACK + 2 * DAY };
          const asked: Asked = { granularity, ...time, ...filter, ...(dimension && { dimension }) };
          const answer = await seriesOf(name, asked);
          if (granularity !== "minute")
            expect(answer.points.some(({ value }) => value !== null && Number(value) > 0)).toBe(true);
          check(name, answer, asked);
        }
    }
    const some = { granularity: "day", startTime: BACK, endTime: BACK + DAY, app_id: "slots", banner_tag: "summer" };
    check(name, await seriesOf(name, some), some, ["summer"]);
  });

  it("of the live counters equals that of the tables, hour by hour", async () => {
    const startTime =
      startOfLocalDay(ZONE, NOW) - 4 * HOUR > NOW - 23 * HOUR
        ? startOfLocalDay(ZONE, NOW) - 4 * HOUR
        : NOW - (NOW % HOUR) - 20 * HOUR;
    for (const name of ["visits", "registrations", "deposits", "events"]) {
      const [minutes, hours] = await Promise.all(
        ["minute", "hour"].map((granularity) => seriesOf(name, { granularity, startTime })),
      );
      for (const { time, value } of hours?.points ?? []) {
        const at = Date.parse(time);
        const own = minutes?.points.filter(
          (point) => Date.parse(point.time) >= at && Date.parse(point.time) < at + HOUR,
        );
        expect(own?.reduce((sum, point) => sum + (point.value as number), 0)).toBe(value);
      }
      check(name, hours as SeriesAnswer, {});
    }
  });

  it("shows a pixel at once, from the live counters", async () => {
    await createProject("sooner");
    const { status } = await sendPixel("/visit", { project_id: "sooner", player_id: "p", btag: "t" });
    expect(status).toBe(200);
    const started = Date.now();
    await vi.waitFor(
      async () => {
        const { points } = await seriesOf("visits", { project_id: "sooner", startTime: started - HOUR });
        expect(points.reduce((sum, { value }) => sum + (value as number), 0)).toBe(1);
      },
      { timeout: 200_000, interval: 50 },
    );
  });

  it("has only a limited key's tags", async () => {
    for (const banner_tags of [["spring"], ["summer", "winter"]]) {
      const key = await makeApiKey({ role: "viewer", project_id: "series", banner_tags });
      const headers = bearer(key);
      for (const name of names) {
        for (const dimension of [undefined, ...dimensionsOf(name)]) {
          const days = {
            granularity: "day",
            startTime: FORWARD,
            endTime: FORWARD + 2 * DAY,
            ...(dimension && { dimension }),
          };
          check(name, await seriesOf(name, days, headers), days, banner_tags);
          if (byPeople.includes(name)) continue;
          const minutes = { startTime: NOW - 90 * MINUTE, ...(dimension && { dimension }) };
          check(name, await seriesOf(name, minutes, headers), minutes, banner_tags);
        }
      }
      expect((await ask("visits", { banner_tag: "nobody's" }, headers)).status).toBe(403);
    }
    const one = { granularity: "hour", startTime: FORWARD, endTime: FORWARD + DAY, banner_tag: "summer" };
    check("daily_active_users", await seriesOf("daily_active_users", one), one, ["summer"]);
  });

  it("has first deposits by day and tag", async () => {
    for (const banner_tags of [null, ["spring"], ["summer", "winter"]]) {
      const headers = banner_tags
        ? bearer(await makeApiKey({ role: "viewer", project_id: "series", banner_tags }))
        : undefined;
      for (const dimension of [{}, { dimension: "banner_tag" }]) {
        const asked = { startTime: FORWARD - DAY, endTime: FORWARD + 2 * DAY, granularity: "day", ...dimension };
        const answer = await seriesOf("first_deposits", asked, headers);
        expect(answer).toMatchObject({ granularity: "day", source: "tables" });
        expect(answer.points.some(({ value }) => Number(value) > 0)).toBe(true);
        check("first_deposits", answer, asked, banner_tags);
      }
    }
  });

  it("of past days is cached, and answered with 304 until an event changes it", async () => {
    const asked = { granularity: "hour", startTime: FORWARD, endTime: FORWARD + 4 * HOUR };
    const first = await ask("events", asked);
    const etag = first.headers.get("etag") as string;
    await first.body?.cancel();
    expect((await ask("events", asked, { ...ADMIN, "if-none-match": etag })).status).toBe(304);
    expect((await ask("events", { startTime: NOW - HOUR })).headers.get("etag")).toBeNull();
  });

  it.each<[string, Asked, number, string | null]>([
    ["sales", {}, 404, null],
    ["constructor", {}, 404, null],
    ["visits", { startTime: NOW, endTime: NOW - 1 }, 400, "startTime"],
    ["visits", { startTime: NOW + HOUR }, 400, "startTime"],
    ["visits", { startTime: "yesterday" }, 400, "startTime"],
    ["visits", { endTime: "2025-13-01" }, 400, "endTime"],
    ["visits", { granularity: "second" }, 400, "granularity"],
    ["visits", { granularity: "minute", startTime: NOW - 25 * HOUR }, 400, "startTime"],
    ["visits", { granularity: "hour", startTime: 0 }, 400, "granularity"],
    ["visits", { granularity: "day", startTime: "-8640000000000000" }, 400, "granularity"],
    ["daily_active_users", { granularity: "minute" }, 400, "granularity"],
    ["arpu", { granularity: "minute" }, 400, "granularity"],
    ["first_deposits", { granularity: "hour" }, 400, "granularity"],
    ["first_deposits", { granularity: "minute" }, 400, "granularity"],
    ["first_deposits", { granularity: "day", dimension: "country" }, 400, "dimension"],
    ["visits", { dimension: "player_id" }, 400, "dimension"],
    ["revenue", { dimension: "country" }, 400, "dimension"],
    ["visits", { from: "2025-01-01" }, 400, "from"],
    ["visits", { platform: "ios", granularity: "minute" }, 400, "granularity"],
    ["visits", { country: "MT", device: "mobile", granularity: "minute" }, 400, "granularity"],
    ["visits", { country: "MT", dimension: "device", granularity: "minute" }, 400, "granularity"],
    ["visits", { country: "Malta" }, 400, "country"],
    ["revenue", { country: "MT", granularity: "minute" }, 400, "granularity"],
    ["arpu", { device: "mobile", granularity: "minute" }, 400, "granularity"],
  ])("%s with %j is %d", async (name, asked, status, field) => {
    const response = await ask(name, asked);
    expect(response.status).toBe(status);
    const body = await response.json<{ errors?: { field: string }[]; detail: string }>();
    if (field === null) expect(body.detail).toContain("daily_active_users");
    else expect(body.errors?.map((error) => error.field)).toEqual([field]);
  });

  it("is by the hour if people are counted, and by the minute up to 24 hours", async () => {
    expect(await seriesOf("daily_active_users", {})).toMatchObject({ granularity: "hour", source: "tables" });
    expect(await seriesOf("visits", { startTime: Date.now() - DAY + 1_000 })).toMatchObject({ source: "live" });
    expect(await seriesOf("visits", { startTime: Date.now() - DAY - 2 * MINUTE })).toMatchObject({ source: "tables" });
  });

  it("is available as a table, too", async () => {
    const response = await ask("visits", {
      granularity: "day",
      dimension: "banner_tag",
      startTime: FORWARD,
      endTime: FORWARD + 1,
      format: "csv",
    });
    expect((await response.text()).split("\r\n").slice(0, 2)).toEqual([
      "time,banner_tag,value,complete",
      expect.stringMatching(/^2025-03-29T23:00:00.000Z,spring,\d+,$/),
    ]);
  });
});
