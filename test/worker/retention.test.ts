/** Retention removes events only after the archive and projections have them; no figure changes, and no event counts again. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { at as place } from "../../worker/archive/columns.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { dateNumber } from "../../worker/figures/edits.ts";
import { forgetProjects } from "../../worker/project.ts";
import { REPORT_TYPE_NAMES } from "../../worker/reports/aggregate/report-types.ts";
import { keepReports } from "../../worker/reports/aggregate.ts";
import { leastEventDays } from "../../worker/retention/keeping.ts";
import { retain } from "../../worker/retention/retain.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { projects, type Retention } from "../../worker/store/schema.ts";
import { call, read } from "./api.ts";
import { archivedRows, emptyBucket, FAULTS, faulty } from "./bucket.ts";
import { doingsIn, doingsOf, makeOfDays } from "./doings.ts";
import { keptDates, readDays } from "./figures-read.ts";
import { histories } from "./histories.ts";
import { createProject, db, deliver, figuresIn, keepToTables, settle, storedEvent } from "./log.ts";
import { figuresOf } from "./oracle.ts";
import { settling, sweeping } from "./retaining.ts";

// It looks into the tables.
beforeAll(keepToTables);

const DAY = 86_400_000;
const FROM = Date.parse("2026-05-01T00:00:00Z");
const at = (day: number) => FROM + day * DAY;
const EVER = () => true;

async function keeping(project_id: string, retention: Retention, attribution_days = 2) {
  await createProject(project_id, { attribution_days });
  await env.DB.prepare("UPDATE projects SET retention = ? WHERE project_id = ?")
    .bind(JSON.stringify(retention), project_id)
    .run();
}
const projectNamed = async (project_id: string) =>
  (await db.select().from(projects)).find(
    (project) => project.project_id === project_id,
  ) as typeof projects.$inferSelect;
const inLog = async (project_id: string) =>
  (
    await env.DB.prepare("SELECT event_id FROM events WHERE project_id = ? ORDER BY seq")
      .bind(project_id)
      .all<{ event_id: string }>()
  ).results.map(({ event_id }) => event_id);

/** Events of a time with separate names and some that both times share: no person later turns out to be another. */
const someEvents = (days: { min: number; max: number }, time: "then" | "now") =>
  fc.array(
    fc.record({
      event_id: fc.integer({ min: 1, max: 40 }).map((n) => `${time}-${n}`),
      event_type: fc.constantFrom("visit", "registration", "deposit", "deposit"),
      who: fc.constantFrom<[string | null, string | null][]>(
        ["p1", null],
        ["p2", `${time}-v1`],
        ["p1", `${time}-v1`],
        ["p2", `${time}-v2`],
        [null, `${time}-v1`],
        [null, `${time}-v2`],
        [null, "shared"],
      ),
      banner_tag: fc.constantFrom(null, null, "a", "b"),
      timestamp: fc.integer({ min: days.min * 4, max: days.max * 4 }).map((slot) => FROM + slot * (DAY / 4)),
      amount: fc.option(fc.integer({ min: 0, max: 10 ** 12 })),
    }),
    { maxLength: 25 },
  );

describe("settled days", () => {
  it("keep every figure equal to a naive count of all events, whatever arrives for later days", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        someEvents({ min: 0, max: 6 }, "then"),
        // Later than the attribution window after the settled days, so no tag of those counts for these.
        fc.array(someEvents({ min: 6, max: 9 }, "now"), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (then, now, sweep) => {
          const project_id = `settled-${++run}`;
          const ofDays = `${project_id}-of-days`;
          for (const one of [project_id, ofDays]) await keeping(one, { events_days: 35 });
          const stored = (events: typeof then) =>
            events.map(({ who: [player_id, visitor_id], ...event }) =>
              storedEvent({
                ...event,
                project_id,
                player_id,
                visitor_id,
                currency: event.amount === null ? null : "EUR",
              }),
            );
          const deliverBoth = (events: StoredEvent[]) =>
            deliver([{ events }, { events: events.map((event) => ({ ...event, project_id: ofDays })) }]);
          const first = stored(then);
          await deliverBoth(first);
          await settle();
          // From then on it has rows of days that reports may not read.
          await makeOfDays(ofDays);
          // Days 0 to 3.
          const moment = at(35 + 4);
          expect(await settling(moment)).toBe("done");
          if (sweep) await sweeping(moment);
          if (sweep) {
            const gone = first.filter(({ event_date }) => event_date < "2026-05-05").map(({ event_id }) => event_id);
            const kept = new Set(first.map(({ event_id }) => event_id));
            expect((await inLog(project_id)).length).toBeLessThanOrEqual(kept.size);
            if (gone.length > 0) expect((await projectNamed(project_id)).settled_before).toBe("2026-05-05");
            const left = await keptDates(project_id);
            expect(left.filter((date) => date < dateNumber("2026-05-05"))).toEqual([]);
          }
          const sent = [...first];
          for (const events of now) {
            const batch = stored(events);
            await deliverBoth([...batch, ...first.slice(0, 3)]);
            await settle();
            sent.push(...batch, ...first.slice(0, 3));
          }
          const counted = figuresOf(sent, 2);
          expect(await figuresIn(project_id)).toEqual(counted);
          // For one from rows that were kept before, for the other from rows that were kept when its days were settled.
          const did = doingsOf(counted);
          for (const one of [project_id, ofDays]) expect(await doingsIn(one, ["", "a", "b"])).toEqual(did);
          await makeOfDays(project_id);
          // Days 4 to 7.
          expect(await settling(at(35 + 8))).toBe("done");
          for (const one of [project_id, ofDays]) expect(await doingsIn(one, ["", "a", "b"])).toEqual(did);
        },
      ),
      histories(12),
    );
  });

  it("give their tag to an event on a later day, also when its person's past is counted again", async () => {
    const project_id = "borrowed-tag";
    await keeping(project_id, { events_days: 35 });
    const event = (event_type: string, day: number, more: Partial<StoredEvent> = {}) =>
      storedEvent({ project_id, event_type, player_id: "p", timestamp: at(day), ...more });
    const sent = [
      event("visit", 3, { banner_tag: "b" }),
      event("deposit", 4.5, { amount: 50_000, currency: "EUR" }),
      event("visit", 5, { player_id: null, visitor_id: "v" }),
    ];
    await deliver([{ events: sent }]);
    await settle();
    expect(await settling(at(35 + 4))).toBe("done");
    await sweeping(at(35 + 4));
    expect((await inLog(project_id)).length).toBe(2);
    const link = [event("visit", 8, { visitor_id: "v" }), event("visit", 4.2, { player_id: null, visitor_id: "v" })];
    await deliver([{ events: link }]);
    await settle();
    expect(await figuresIn(project_id)).toEqual(figuresOf([...sent, ...link], 2));
  });

  it("count late events for them once", async () => {
    await keeping("late", { events_days: 35 });
    const event = (event_id: string, day: number, more: Partial<StoredEvent> = {}) =>
      storedEvent({ project_id: "late", event_type: "visit", event_id, player_id: "p", timestamp: at(day), ...more });
    const first = [event("1", 0), event("2", 1)];
    await deliver([{ events: first }]);
    await settle();
    await retain(env, db, at(40), EVER);
    expect(await inLog("late")).toEqual([]);
    const after = [event("3", 0), event("4", 39, { visitor_id: "v" })];
    await deliver([{ events: [event("5", 38, { player_id: null, visitor_id: "v" })] }]);
    await settle();
    await deliver([{ events: [...first, ...after] }]);
    await settle();
    const all = [...first, event("5", 38, { player_id: null, visitor_id: "v" }), ...after];
    expect(await figuresIn("late")).toEqual(figuresOf(all, 2));
  });

  it("keep the scores of a player who turns out to have been a visitor", async () => {
    await keeping("games", { events_days: 35 });
    const score = (day: number, score: number, more: Partial<StoredEvent>) =>
      storedEvent({
        project_id: "games",
        event_type: "player_score",
        app_id: "slots",
        score,
        timestamp: at(day),
        ...more,
      });
    await deliver([{ events: [score(0, 10, { player_id: "p" }), score(40, 1, { player_id: "p" })] }]);
    await settle();
    await retain(env, db, at(44), EVER);
    await deliver([{ events: [score(40, 5, { visitor_id: "v" })] }]);
    await settle();
    await deliver([{ events: [score(41, 2, { player_id: "p", visitor_id: "v" })] }]);
    await settle();
    const { results } = await env.DB.prepare(
      "SELECT period, starts_on, rest FROM leaderboards WHERE project_id = 'games' ORDER BY period, starts_on",
    ).all();
    expect(results.map((row) => Object.values(row))).toEqual([
      ["alltime", "", 18],
      ["daily", "2026-05-01", 10],
      ["daily", "2026-06-10", 6],
      ["daily", "2026-06-11", 2],
      ["weekly", "2026-04-27", 10],
      ["weekly", "2026-06-08", 8],
    ]);
  });

  it("are not settled while a projection is behind, and keep their events until all projections have read them", async () => {
    await keeping("waiting", { events_days: 35 });
    await deliver([
      { events: [storedEvent({ project_id: "waiting", event_type: "visit", player_id: "p", timestamp: at(0) })] },
    ]);
    await settle();
    await env.DB.prepare("UPDATE projections SET cursor = cursor - 1 WHERE name = 'players'").run();
    expect(await settling(at(60))).toBe("waiting");
    expect((await projectNamed("waiting")).settled_before).toBe("");
    await env.DB.prepare("UPDATE projections SET cursor = cursor + 1 WHERE name = 'players'").run();
    expect(await settling(at(60))).toBe("done");
    await env.DB.prepare("UPDATE projections SET cursor = 0 WHERE name = 'live'").run();
    await sweeping(at(60));
    expect(await inLog("waiting")).toHaveLength(1);
    await settle();
    await sweeping(at(60));
    expect(await inLog("waiting")).toEqual([]);
  });

  it("cannot be rebuilt from a log that no longer has their events", async () => {
    expect((await call("POST", "/projections/daily/rebuild")).status).toBe(409);
    expect((await call("POST", "/projections/live/rebuild")).status).toBe(202);
    const changed = await call("PATCH", "/projects/late", { attribution_days: 3 });
    expect(changed.status).toBe(409);
  });
});

describe("retention", () => {
  it("is done in limited steps, and continues where it stopped, also after a fault at any of its calls", async () => {
    await keeping("faults", { events_days: 35, figures_days: 60 });
    const events = Array.from({ length: 30 }, (_, n) =>
      storedEvent({ project_id: "faults", event_type: "visit", player_id: `p${n}`, timestamp: at(10 + (n % 10)) }),
    );
    await deliver([{ events }]);
    await settle();
    const before = await figuresIn("faults");
    const now = at(50);
    for (let failing = 1; failing < 60; failing++) {
      let calls = 0;
      const faulty = new Proxy(db, {
        get(target, name) {
          const value = Reflect.get(target, name);
          if (name === "$client") {
            return new Proxy(value as D1Database, {
              get(client, method) {
                const own = Reflect.get(client, method);
                if (typeof own !== "function") return own;
                return (...given: unknown[]) => {
                  if (method === "batch" && ++calls === failing) throw new Error("the database went away");
                  return own.apply(client, given);
                };
              },
            });
          }
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      const outcome = await retain(env, faulty, now, EVER).catch((error) => error);
      if (!(outcome instanceof Error)) break;
      expect(String(outcome)).toContain("the database went away");
    }
    expect(await figuresIn("faults")).toEqual(before);
    expect(await inLog("faults")).toHaveLength(events.filter(({ event_date }) => event_date >= "2026-05-16").length);
    const { results } = await env.DB.prepare(
      "SELECT * FROM sweeps WHERE project_id = 'faults' AND class = 'events'",
    ).all();
    expect(results).toMatchObject([{ class: "events", removed: 15 }]);
  });

  it("keeps events that were removed from the log in the list, read from the archive", async () => {
    await keeping("listed", { events_days: 35 });
    const day = (n: number, event_id: string) =>
      storedEvent({
        project_id: "listed",
        event_type: "visit",
        event_id,
        player_id: "p",
        banner_tag: "a",
        timestamp: at(n),
      });
    await deliver([
      {
        events: [
          day(0, "first"),
          { ...day(1, "second"), country: "MT", platform: "ios" },
          { ...day(1, "test"), test: 1 },
          day(39, "third"),
        ],
      },
    ]);
    await settle();
    await retain(env, db, at(60), EVER);
    expect(await inLog("listed")).toEqual(["third"]);
    forgetProjects();
    const idsOf = async (query: string) => {
      const ids: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        type Page = { rows: { event_id: string }[]; next_cursor: string | null };
        const page: Page = await read<Page>(
          `/events?project_id=listed&limit=1&${query}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        ids.push(...page.rows.map(({ event_id }) => event_id));
        cursor = page.next_cursor;
      }
      return ids;
    };
    expect(await idsOf("")).toEqual(["third", "test", "second", "first"]);
    expect(await idsOf("include=counted&from=2026-05-02")).toEqual(["third", "second"]);
    expect(await idsOf("to=2026-05-01")).toEqual(["first"]);
    expect(await idsOf("from=2026-06-09")).toEqual(["third"]);
    expect(await idsOf("player_id=p&banner_tag=b")).toEqual([]);
    expect(await idsOf("country=MT&platform=ios")).toEqual(["second"]);
    expect(await idsOf("country=MT&platform=web")).toEqual([]);
  });

  it("removes archived events, those with an amount later, and none of other projects", async () => {
    await emptyBucket();
    for (const table of ["archive_runs", "archive_files", "archive_compactions"])
      await env.DB.prepare(`DELETE FROM ${table}`).run();
    await keeping("archiving", { archive_days: 100, purchases_days: 200 });
    await createProject("neighbour");
    const events = ["archiving", "neighbour"].flatMap((project_id) =>
      [0, 1, 50, 60].flatMap((day) => [
        storedEvent({ project_id, event_type: "visit", player_id: "p", timestamp: at(day) }),
        storedEvent({
          project_id,
          event_type: "deposit",
          player_id: "p",
          timestamp: at(day),
          amount: 1,
          currency: "EUR",
        }),
      ]),
    );
    await deliver([{ events }]);
    await settle();
    const left = async () => {
      const rows = (await archivedRows()).filter((row) =>
        ["archiving", "neighbour"].includes(String(row[place("project_id")])),
      );
      const told = rows.map(
        (row) => `${row[place("project_id")]} ${row[place("event_date")]} ${row[place("event_type")]}`,
      );
      return Object.groupBy(told.sort(), (one) => one.split(" ")[0] as "archiving" | "neighbour");
    };
    const before = await left();
    expect([before.archiving?.length, before.neighbour?.length]).toEqual([8, 8]);
    // The retention of days 0 and 1 is over for events without an amount.
    let crashes = 0;
    for (const fault of FAULTS) {
      for (let nth = 1; ; nth += 3) {
        const { env: bindings } = faulty(nth, fault);
        const outcome = await retain(bindings, databaseOf(bindings), at(110), EVER).catch((error) => error);
        if (!(outcome instanceof Error)) break;
        crashes++;
      }
    }
    expect(crashes).toBeGreaterThan(3);
    const first = await left();
    expect(first.neighbour).toEqual(before.neighbour);
    expect(first.archiving?.filter((one) => one.endsWith("visit"))).toHaveLength(2);
    expect(first.archiving?.filter((one) => one.endsWith("deposit"))).toHaveLength(4);
    await retain(env, db, at(210), EVER);
    const last = await left();
    expect(last.neighbour).toEqual(before.neighbour);
    expect(last.archiving).toEqual(["archiving 2026-06-20 deposit", "archiving 2026-06-30 deposit"]);
  });

  it("removes figures by day, if a project is set to that", async () => {
    await keeping("figures", { events_days: 35, figures_days: 40 });
    const event = (day: number) =>
      storedEvent({
        project_id: "figures",
        event_type: "deposit",
        player_id: "p",
        timestamp: at(day),
        amount: 1,
        currency: "EUR",
      });
    await deliver([{ events: [event(0), event(5)] }]);
    await settle();
    const clocks = [{ project_id: "figures", today: "2026-08-01" }];
    const kept = async () => {
      const year = { from: "2026-01-01", to: "2026-12-31" };
      for (const type of REPORT_TYPE_NAMES) await keepReports(db, type, clocks, year, at(42), 100);
      const { results } = await env.DB.prepare(
        "SELECT report_id, events FROM aggregated_reports WHERE project_id = 'figures' ORDER BY to_date, from_date",
      ).all();
      return results.map(({ report_id, events }) => `${report_id}: ${events}`);
    };
    expect(await kept()).toEqual([
      "daily-2026-05-01: 1",
      "weekly-2026-04-27: 1",
      "daily-2026-05-06: 1",
      "weekly-2026-05-04: 1",
      "monthly-2026-05-01: 2",
    ]);
    await retain(env, db, at(42), EVER);
    // The month and the week have lost a day: a late rate must not recompute them without it.
    await env.DB.prepare("INSERT INTO exchange_rates VALUES ('EUR', '2026-05-01', 108000000, 'test', 9)").run();
    expect(await kept()).toEqual([
      "weekly-2026-04-27: 1",
      "daily-2026-05-06: 1",
      "weekly-2026-05-04: 1",
      "monthly-2026-05-01: 2",
    ]);
    const figures = await figuresIn("figures");
    const days = Object.keys(figures.daily_metrics).map((key) => JSON.parse(key)[0]);
    expect(days).toEqual(["2026-05-06"]);
    const sheet = Object.keys(await readDays("figures"));
    expect([...new Set(sheet.map((name) => JSON.parse(name)[2]))]).toEqual(["2026-05-06"]);
    expect(Object.keys(figures.player_days)).toHaveLength(1);
    expect(Object.keys(figures.players)).toHaveLength(1);
  });

  it.each<[Retention, string]>([
    [{ events_days: 61 }, "retention.events_days"],
    [{ events_days: 100, archive_days: 99 }, "retention.archive_days"],
    [{ archive_days: 50, purchases_days: 49 }, "retention.archive_days"],
    [{ events_days: 62, archive_days: 70, purchases_days: 69 }, "retention.purchases_days"],
    [{ events_days: 62, figures_days: 61 }, "retention.figures_days"],
    [{ events_days: 0 }, "retention.events_days"],
  ])("of %j is refused", async (retention, field) => {
    const response = await call("POST", "/projects", { project_id: "refused", retention });
    expect(response.status).toBe(400);
    expect((await response.json<{ errors: { field: string }[] }>()).errors[0]?.field).toBe(field);
    expect(leastEventDays(30)).toBe(62);
  });
});
