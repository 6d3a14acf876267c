import { env, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { startOfLocalDay } from "../../worker/calendar.ts";
import { Bucket, LIVE_DIMENSIONS, OTHER } from "../../worker/live/bucket.ts";
import type { LiveMessage, Snapshot } from "../../worker/live/messages.ts";
import { Present } from "../../worker/live/present.ts";
import { cellOf, type LiveEvent } from "../../worker/live/stream.ts";
import type { Window } from "../../worker/live/tally.ts";
import { formatMoney } from "../../worker/money.ts";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { live } from "../../worker/projections/live.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import { LiveCounters } from "../../worker/reports/listening.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { call, get, read, sendPixel } from "./api.ts";
import { ADMIN } from "./keys.ts";
import { createProject, deliver, settle, step, storedEvent } from "./log.ts";

const NOW = Date.parse("2026-05-01T12:00:30Z");
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const liveEvent = (seq: number, at: number, more: Partial<LiveEvent> = {}): LiveEvent => ({
  takes_back: null,
  seq,
  event_id: `e${seq}`,
  event_type: "visit",
  player_id: "p1",
  banner_tag: "spring",
  country: "MT",
  device: "mobile",
  app_id: "",
  amount: null,
  currency: null,
  at,
  ...more,
});

const ALL = { personal: true, banner_tags: null };
const totals = ({ windows }: Pick<Snapshot, "windows">) =>
  [windows["1m"], windows["5m"], windows["60m"], windows.today].map((window) => window.total);

describe("live counters", () => {
  it("count exactly over 1, 5 and 60 minutes and the project's own day", async () => {
    const settings = { project_id: "windows", timezone: "Europe/Malta" };
    const counters = env.LIVE.getByName("windows");
    const midnight = startOfLocalDay(settings.timezone, NOW);
    expect(new Date(midnight).toISOString()).toBe("2026-04-30T22:00:00.000Z");
    const at = [
      NOW,
      NOW - 59 * SECOND,
      NOW - 61 * SECOND,
      NOW - 299 * SECOND,
      NOW - 301 * SECOND,
      NOW - 59 * MINUTE,
      NOW - 61 * MINUTE,
      midnight,
      midnight - SECOND,
    ];
    await counters.apply(
      settings,
      at.map((time, index) => liveEvent(index + 1, time)),
      NOW,
    );
    expect(totals(await counters.snapshot(settings, ALL, NOW))).toEqual([2, 4, 6, 8]);
    // Windows move on without events; a new day begins at zero.
    expect(totals(await counters.snapshot(settings, ALL, NOW + 2 * SECOND))).toEqual([1, 3, 6, 8]);
    expect(totals(await counters.snapshot(settings, ALL, midnight + 24 * 60 * MINUTE))).toEqual([0, 0, 0, 0]);
  });

  it("count an event once, however often they receive it, and by each of its fields", async () => {
    const settings = { project_id: "twice", timezone: "UTC" };
    const counters = env.LIVE.getByName("twice");
    const events = [
      liveEvent(7, NOW),
      liveEvent(8, NOW, { event_type: "deposit", banner_tag: "", country: "", amount: 105_000, currency: "EUR" }),
    ];
    await counters.apply(settings, events, NOW);
    await counters.apply(settings, [...events, liveEvent(9, NOW, { banner_tag: "winter" })], NOW);
    const {
      windows,
      events: recent,
      minutes,
    } = await counters.snapshot(settings, { personal: false, banner_tags: null }, NOW);
    expect(windows["1m"]).toEqual({
      total: 3,
      by_type: { visit: 2, deposit: 1 },
      amounts: { deposit: { EUR: "10.50" } },
      banner_tags: [
        { banner_tag: "", total: 1, by_type: { deposit: 1 } },
        { banner_tag: "spring", total: 1, by_type: { visit: 1 } },
        { banner_tag: "winter", total: 1, by_type: { visit: 1 } },
      ],
      countries: [
        { country: "MT", total: 2, by_type: { visit: 2 } },
        { country: "", total: 1, by_type: { deposit: 1 } },
      ],
      devices: [{ device: "mobile", total: 3, by_type: { visit: 2, deposit: 1 } }],
      apps: [{ app_id: "", total: 3, by_type: { visit: 2, deposit: 1 } }],
    });
    expect(minutes).toHaveLength(60);
    expect(minutes.at(-1)).toEqual({ minute: "2026-05-01T12:00:00.000Z", by_type: { visit: 2, deposit: 1 } });
    // A viewer sees events without people.
    expect(recent.map((event) => [event.event_id, event.player_id, event.amount])).toEqual([
      ["e9", null, null],
      ["e8", null, "10.50"],
      ["e7", null, null],
    ]);
    expect((await counters.snapshot(settings, ALL, NOW)).events[0]?.player_id).toBe("p1");
  });
});

describe("every window, for every set of tags", () => {
  const TAGS = ["spring", "summer", "winter", ""];
  const COUNTRIES = ["MT", "SE", ""];
  const settings = { project_id: "naive", timezone: "Asia/Kathmandu" };
  const midnight = startOfLocalDay(settings.timezone, NOW);
  let state = 7;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const pick = <T>(from: readonly T[]) => from[Math.floor(next() * from.length)] as T;
  const events = Array.from({ length: 3_000 }, (_, index) => {
    const event_type = pick(["visit", "deposit", "purchase", "spin"]);
    const money = event_type === "deposit" || event_type === "purchase";
    // As many in the last minute as in the last day; with amounts whose sum no floating-point number holds.
    return liveEvent(index + 1, NOW - Math.floor(next() ** 6 * 26 * 60 * MINUTE), {
      event_type,
      banner_tag: pick(TAGS),
      country: pick(COUNTRIES),
      device: pick(["mobile", "desktop"]),
      app_id: pick(["slots", "roulette"]),
      amount: money ? 8_999_999_999_999_999 - Math.floor(next() * 7) : null,
      currency: money ? pick(["EUR", "USD"]) : null,
    });
  });
  const named = { banner_tags: "banner_tag", countries: "country", devices: "device", apps: "app_id" } as const;

  function naive(from: number, to: number, tags: string[] | null): Window {
    const own = events.filter(({ at, banner_tag }) => at >= from && at < to && (tags?.includes(banner_tag) ?? true));
    const byType = (some: LiveEvent[]) =>
      Object.fromEntries([...Map.groupBy(some, (event) => event.event_type)].map(([type, all]) => [type, all.length]));
    const lists = Object.entries(named).map(([list, dimension]) => [
      list,
      [...Map.groupBy(own, (event) => event[dimension])]
        .map(([value, some]) => ({ [dimension]: value, total: some.length, by_type: byType(some) }))
        .sort((a, b) => b.total - a.total || (String(a[dimension]) < String(b[dimension]) ? -1 : 1)),
    ]);
    const amounts: Window["amounts"] = {};
    for (const { event_type, currency } of own) {
      if (currency === null) continue;
      const same = own.filter((event) => event.event_type === event_type && event.currency === currency);
      amounts[event_type] ??= {};
      amounts[event_type][currency] = formatMoney(same.reduce((sum, { amount }) => sum + BigInt(amount ?? 0), 0n));
    }
    return { total: own.length, by_type: byType(own), amounts, ...Object.fromEntries(lists) };
  }

  const VIEWS = [null, ["spring"], ["summer", "winter"], ["nobody's"]];
  async function check(counters: Pick<LiveCounters, "snapshot" | "minutes">, now: number) {
    const end = Math.floor(now / SECOND) * SECOND + SECOND;
    for (const banner_tags of VIEWS) {
      const { windows, minutes } = await counters.snapshot(settings, { personal: true, banner_tags }, now);
      expect(windows).toEqual({
        "1m": naive(end - MINUTE, end, banner_tags),
        "5m": naive(end - 5 * MINUTE, end, banner_tags),
        "60m": naive(end - 60 * MINUTE, end, banner_tags),
        today: naive(midnight, end, banner_tags),
      });
      for (const { minute, by_type } of minutes) {
        const at = Date.parse(minute);
        expect(by_type).toEqual(naive(at, at + MINUTE, banner_tags).by_type);
      }
      const from = NOW - (NOW % MINUTE) - 24 * 60 * MINUTE;
      const filters = [null, { field: "country", value: "MT" }, { field: "app_id", value: "" }] as const;
      for (const [dimension, filter] of [null, ...LIVE_DIMENSIONS].flatMap((one) =>
        filters.map((f) => [one, f] as const),
      )) {
        const rows = await counters.minutes({ from, to: end, dimension, filter, banner_tags });
        const total = (some: { total: number; units: bigint }[]) => [
          some.reduce((sum, row) => sum + row.total, 0),
          some.reduce((sum, row) => sum + row.units, 0n),
        ];
        const key = (row: { at: number; event_type: string; currency: string | null; value: string }) =>
          JSON.stringify([Math.floor(row.at / MINUTE), row.event_type, row.value, row.currency ?? ""]);
        const asked = events
          .filter(({ at, banner_tag }) => at >= from && at < end && (banner_tags?.includes(banner_tag) ?? true))
          .filter((event) => filter === null || event[filter.field] === filter.value)
          .map((event) => ({
            ...event,
            value: dimension === null ? "" : event[dimension],
            total: 1,
            units: BigInt(event.amount ?? 0),
          }));
        const expected = new Map([...Map.groupBy(asked, key)].map(([name, some]) => [name, total(some)]));
        expect(new Map(rows.map((row) => [key(row), total([row])]))).toEqual(expected);
      }
    }
  }

  it("equals a naive count of the events, also while they arrive and after a restart", async () => {
    const stub = env.LIVE.getByName("naive");
    for (let from = 0; from < events.length; from += 1_000) {
      await stub.apply(settings, events.slice(from, from + 1_000), NOW);
      // Requested in between, so that the cached sums have to grow.
      for (const banner_tags of VIEWS) await stub.snapshot(settings, { personal: true, banner_tags }, NOW);
    }
    await runInDurableObject(stub, async (instance, state) => {
      await check(instance, NOW);
      await check(new LiveCounters(state, env), NOW);
      await check(instance, NOW + 37 * SECOND);
    });
  });
});

describe("a bucket", () => {
  it("stays small when a flood has many invented values: they are counted together, and no event is lost", () => {
    const bucket = new Bucket();
    const total = 60_000;
    for (let n = 0; n < total; n++) {
      const event_type = n < 50_000 ? "visit" : `type_${n}`;
      bucket.add(cellOf(liveEvent(n, NOW, { event_type, banner_tag: `${"x".repeat(60)}${n}` })));
    }
    const packed = bucket.pack();
    expect(packed.length).toBeLessThan(1_500_000);
    const cells = [...Bucket.unpack(packed).cells()];
    expect(cells).toEqual([...bucket.cells()]);
    expect(cells.reduce((sum, cell) => sum + cell.total, 0)).toBe(total);
    expect(cells.filter((cell) => cell.event_type === "visit").reduce((sum, cell) => sum + cell.total, 0)).toBe(50_000);
    expect(cells.filter((cell) => cell.event_type === OTHER)).toHaveLength(1);
  });
});

describe("minutes of a value", () => {
  it("show what was counted together separately, since it may include the value, and are refused as a series", async () => {
    const now = Date.now();
    const settings = { project_id: "flooded", timezone: "UTC" };
    await createProject(settings.project_id);
    const counters = env.LIVE.getByName(settings.project_id);
    const flood = Array.from({ length: 30_000 }, (_, n) =>
      liveEvent(n + 1, now, { country: "MT", banner_tag: `${"x".repeat(60)}${n}` }),
    );
    for (let from = 0; from < flood.length; from += 5_000)
      await counters.apply(settings, flood.slice(from, from + 5_000), now);
    const totals = async (country: string) => {
      const asked = { from: now - MINUTE, to: now + MINUTE, dimension: null, banner_tags: null };
      const rows = await counters.minutes({ ...asked, filter: { field: "country", value: country } });
      return Object.fromEntries(
        [...Map.groupBy(rows, ({ value }) => value)].map(([value, own]) => [
          value,
          own.reduce((sum, row) => sum + row.total, 0),
        ]),
      );
    };
    const { "": apart = 0, [OTHER]: together = 0 } = await totals("MT");
    expect([apart > 0, together > 0, apart + together]).toEqual([true, true, 30_000]);
    expect(await totals("SE")).toEqual({ [OTHER]: together });
    const series = (query: string) => get(`/metrics/visits?project_id=flooded&granularity=minute${query}`);
    const refused = await series("&country=MT");
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ errors: [{ field: "country" }] });
    expect((await series("")).status).toBe(200);
  });
});

describe("visitors now", () => {
  const settings = { project_id: "present", timezone: "UTC" };
  const TAGS = ["spring", "summer", ""];

  it("are the distinct people of the last five minutes, for every set of tags, also after a restart", async () => {
    let state = 11;
    const next = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const events = Array.from({ length: 2_000 }, (_, index) =>
      liveEvent(index + 1, NOW - Math.floor(next() * 12 * MINUTE), {
        person: `player-${Math.floor(next() * 400)}`,
        banner_tag: TAGS[Math.floor(next() * TAGS.length)] as string,
        // The events that are taken back had no person.
        takes_back: index % 10 === 0 ? index : null,
      }),
    );
    const stub = env.LIVE.getByName("present");
    for (let from = 0; from < events.length; from += 300)
      await stub.apply(settings, events.slice(from, from + 300), NOW);
    const check = async (counters: Pick<LiveCounters, "snapshot">, now: number) => {
      const since = Math.floor(now / SECOND) * SECOND + SECOND - 5 * MINUTE;
      for (const banner_tags of [null, ["spring"], ["summer", ""], ["nobody's"]]) {
        const there = events.filter(
          ({ at, banner_tag, takes_back }) =>
            at >= since && takes_back === null && (banner_tags?.includes(banner_tag) ?? true),
        );
        const { visitors_now } = await counters.snapshot(settings, { personal: false, banner_tags }, now);
        expect(visitors_now).toBe(new Set(there.map(({ person }) => person)).size);
        if (banner_tags === null && now < NOW + 4 * MINUTE) expect(visitors_now).toBeGreaterThan(50);
      }
    };
    await runInDurableObject(stub, async (instance, storage) => {
      for (const later of [0, 37 * SECOND, 3 * MINUTE, 6 * MINUTE]) {
        await check(instance, NOW + later);
        await check(new LiveCounters(storage, env), NOW + later);
      }
      // Their ids are not stored.
      const [kept] = storage.storage.sql.exec<{ present: string }>("SELECT present FROM state").toArray();
      expect(kept?.present).not.toContain("player-");
    });
  });

  it("are kept by an object that is older than this count, without people who are erased", async () => {
    const stub = env.LIVE.getByName("present-before");
    await runInDurableObject(stub, async (_, { storage }) => {
      storage.sql.exec("ALTER TABLE state DROP COLUMN present");
      storage.sql.exec("INSERT INTO state VALUES (0, 5, '[]', ?)", JSON.stringify(settings));
    });
    await runInDurableObject(stub, async (_, state) => {
      const counters = new LiveCounters(state, env);
      const people = ["p1", "\u001fv1", "p2"].map((person, n) => liveEvent(n + 6, NOW, { person }));
      await counters.apply(settings, people, NOW);
      expect((await counters.snapshot(settings, ALL, NOW)).visitors_now).toBe(3);
      await counters.forget("one", ["p1"], "p1|v1", NOW, ["p1", "\u001fv1"]);
      expect((await counters.snapshot(settings, ALL, NOW)).visitors_now).toBe(1);
      expect((await new LiveCounters(state, env).snapshot(settings, ALL, NOW)).visitors_now).toBe(1);
    });
  });

  it("are limited to the latest when a row cannot hold all", () => {
    const many = Array.from({ length: 20_000 }, (_, n) =>
      liveEvent(n + 1, NOW - (n % 60) * SECOND, { person: `p${n}`, visitor: `v${n}`, banner_tag: `${n}`.repeat(25) }),
    );
    const present = new Present().after(many, NOW);
    expect(present.count(null, 0)).toBe(15_000);
    expect(present.count(null, NOW)).toBe(many.filter(({ at }) => at === NOW).length);
    expect(present.pack().length).toBeLessThan(1_700_000);
  });

  it("follow the log: a visitor who turns out to be a player counts once, also with the player's other browser", async () => {
    const project_id = "present-log";
    await createProject(project_id);
    const at = Date.now();
    const visit = (more: object) => storedEvent({ project_id, event_type: "visit", timestamp: at, ...more });
    const now = async () => (await read<Snapshot>(`/realtime?project_id=${project_id}`)).visitors_now;
    await deliver([{ events: [visit({ visitor_id: "v1" }), visit({ visitor_id: "v2" }), visit({ player_id: "p9" })] }]);
    await settle([live]);
    expect(await now()).toBe(3);
    await deliver([{ events: [visit({ visitor_id: "v1", player_id: "p1" }), visit({ visitor_id: "v1" })] }]);
    await settle([live]);
    expect(await now()).toBe(3);
    await deliver([{ events: [visit({ visitor_id: "v2", player_id: "p1" }), visit({ visitor_id: "v3", test: 1 })] }]);
    await settle([live]);
    expect(await now()).toBe(2);
  });
});

describe("from a pixel", () => {
  it("an event reaches /realtime and the listeners; tests and bots never do", async () => {
    await createProject("pushed");
    const response = await get("/live?project_id=pushed", { ...ADMIN, upgrade: "websocket" });
    expect(response.status).toBe(101);
    const socket = response.webSocket as WebSocket;
    const messages: LiveMessage[] = [];
    socket.addEventListener("message", ({ data }) => messages.push(JSON.parse(String(data))));
    socket.accept();
    await vi.waitFor(() => expect(messages[0]?.type).toBe("snapshot"), { timeout: 200_000 });

    await sendPixel("/visit", { project_id: "pushed", player_id: "p1", btag: "spring", event_id: "live-1" });
    await vi.waitFor(
      () =>
        expect(messages.some((message) => message.type === "events" && message.events[0]?.event_id === "live-1")).toBe(
          true,
        ),
      { timeout: 200_000, interval: 20 },
    );
    expect(messages.find((message) => message.type === "counts")).toMatchObject({
      windows: { "1m": { by_type: { visit: 1 } } },
    });

    await deliver([
      {
        events: [
          storedEvent({ project_id: "pushed", event_type: "visit", player_id: "p2", banner_tag: "t", test: 1 }),
          storedEvent({ project_id: "pushed", event_type: "visit", player_id: "p3", banner_tag: "t", bot: "crawler" }),
          storedEvent({ project_id: "pushed", event_type: "registration", player_id: "p1" }),
        ],
      },
    ]);
    await vi.waitFor(
      async () => {
        const snapshot = await read<Snapshot>("/realtime?project_id=pushed");
        // The registration took its player's last tag.
        expect(snapshot.windows["1m"].by_type).toEqual({ visit: 1, registration: 1 });
        expect(snapshot.windows.today.banner_tags).toEqual([
          { banner_tag: "spring", total: 2, by_type: { visit: 1, registration: 1 } },
        ]);
      },
      { timeout: 200_000, interval: 50 },
    );

    socket.send("refresh");
    await vi.waitFor(() => expect(messages.filter((message) => message.type === "snapshot")).toHaveLength(2), {
      timeout: 200_000,
    });
    socket.close(1000);
  });
});

describe("a rebuild of the live counters", () => {
  const today = async (project_id: string) =>
    (await env.LIVE.getByName(project_id).snapshot({ project_id, timezone: "UTC" }, ALL, Date.now())).windows.today
      .total;
  const send = (project_id: string, count: number) =>
    deliver([
      {
        events: Array.from({ length: count }, () =>
          storedEvent({ project_id, event_type: "spin", player_id: "p", timestamp: Date.now() }),
        ),
      },
    ]);

  it.each(["before", "after"])("loses no event that arrives %s it is recorded", async (moment) => {
    const project_id = `rebuilt-${moment}`;
    await createProject(project_id);
    await send(project_id, 50);
    await settle([live]);
    await send(project_id, 1);
    const beside = new Proxy(env.DB, {
      get(real, name) {
        const value = Reflect.get(real, name);
        if (name !== "batch") return typeof value === "function" ? value.bind(real) : value;
        return async (statements: D1PreparedStatement[]) => {
          if (moment === "before") await step(live);
          const done = await real.batch(statements);
          if (moment === "after") await step(live, 10);
          return done;
        };
      },
    });
    await rebuild(env, databaseOf({ DB: beside }), PROJECTIONS, "live");
    await settle([live]);
    expect(await today(project_id)).toBe(51);
  });

  it("starts within the free plan's limits, however many projects there are", async () => {
    const names = Array.from({ length: 60 }, (_, n) => `many-${String(n).padStart(2, "0")}`);
    for (const name of names) await createProject(name);
    await deliver([
      { events: names.map((project_id) => storedEvent({ project_id, event_type: "spin", player_id: "p" })) },
    ]);
    await settle([live]);
    const answer = await call("POST", "/projections/live/rebuild");
    expect([answer.status, await answer.json()]).toEqual([202, { rebuilding: ["live"] }]);
    await settle([live]);
    // Objects that the run had no calls left to clear count each event once, too.
    expect(await Promise.all(names.map(today))).toEqual(names.map(() => 1));
  });

  it("ignores events of a run that began before it", async () => {
    const counters = env.LIVE.getByName("epochs");
    const settings = { project_id: "epochs", timezone: "UTC" };
    const now = Date.now();
    const events = Array.from({ length: 100 }, (_, n) => liveEvent(n + 1, now));
    await counters.apply(settings, events, now, 1);
    await counters.clear(2);
    await counters.apply(settings, [liveEvent(101, now)], now, 1);
    await counters.apply(settings, events.slice(0, 60), now, 2);
    await counters.clear(2);
    await counters.apply(settings, [...events, liveEvent(101, now)], now, 2);
    expect((await counters.snapshot(settings, ALL, now)).windows.today.total).toBe(101);
  });
});

describe("events that the storage refuses", () => {
  it("are not counted, and are counted when they are delivered again", async () => {
    const settings = { project_id: "failing", timezone: "UTC" };
    const counters = env.LIVE.getByName("failing");
    const now = Date.now();
    const total = async () => (await counters.snapshot(settings, ALL, now)).windows.today.total;
    await counters.apply(settings, [liveEvent(1, now)], now);
    expect(await total()).toBe(1);
    await runInDurableObject(counters, async (object, state) => {
      state.storage.sql.exec("ALTER TABLE state RENAME TO away");
      const failed = (object as unknown as LiveCounters).apply(settings, [liveEvent(2, now)], now);
      await expect(failed).rejects.toThrow("no such table: state");
      state.storage.sql.exec("ALTER TABLE away RENAME TO state");
    });
    expect(await total()).toBe(1);
    await counters.apply(settings, [liveEvent(2, now)], now);
    expect(await total()).toBe(2);
  });
});
