/** The kept lifetime values: every answer from them is the answer that is computed from every payment, to the byte. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { Hono } from "hono";
import { beforeAll, describe, expect, it } from "vitest";
import { append } from "../../worker/event-log/append.ts";
import { findProject } from "../../worker/project.ts";
import type { FirstEvent } from "../../worker/reports/first-event.ts";
import { ltv } from "../../worker/reports/ltv.ts";
import { periodOf } from "../../worker/reports/period.ts";
import { players } from "../../worker/reports/players.ts";
import type { Described } from "../../worker/reports/report.ts";
import { table } from "../../worker/reports/table.ts";
import { IS_COMPLETE, step } from "../../worker/reports/worth/keeping.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { call } from "./api.ts";
import { runDuty, runOnce } from "./duty.ts";
import { aHistory, type Clock, eventsOf, WINDOW } from "./figures-histories.ts";
import { gate, unwoken } from "./gate.ts";
import { histories } from "./histories.ts";
import {
  changeWindow,
  createProject,
  db,
  step as project,
  reattributeSome,
  settle,
  storedEvent,
  TABLES,
} from "./log.ts";

type Question = { address: string; tags: string[] | null; firstEvent: FirstEvent };

async function answerTo(project_id: string, { address, tags, firstEvent }: Question): Promise<string> {
  const url = new URL(address, "https://reports.example");
  const report: Described | undefined = [ltv as Described, players as Described].find(
    ({ path }) => path === url.pathname,
  );
  const project = await findProject(env, project_id, Date.now());
  if (!report || !project) throw new Error(`${address} of ${project_id} cannot be asked.`);
  const query = report.query.parse(Object.fromEntries(url.searchParams));
  const asked = {
    ...{ env, db, project, tags, days: null, query, now: Date.now(), field: null, firstEvent, byDays: false },
    principal: { role: "admin", project_id: null, banner_tags: null, key_id: null },
    params: {},
    period: periodOf(project, {}, Date.now()),
  };
  const app = new Hono().get("*", async (c) => table(c, await report.read(asked as never)));
  const response = await app.request(url, {}, env);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${address} answered ${response.status}: ${text}`);
  return text.replace(/"next_cursor":"[^"]+"/, '"next_cursor":"more"');
}

/** While people are renamed, answers are computed from every payment. */
const whileHeld = async (act: () => Promise<unknown>) => {
  await db.run(sql`UPDATE renaming SET erasure_id = 'a test'`);
  await act();
  await db.run(sql`UPDATE renaming SET erasure_id = NULL`);
};

async function expectSame(project_id: string, questions: readonly Question[]): Promise<void> {
  const kept: string[] = [];
  const computed: string[] = [];
  for (const question of questions) kept.push(await answerTo(project_id, question));
  await whileHeld(async () => {
    for (const question of questions) computed.push(await answerTo(project_id, question));
  });
  for (const [n, question] of questions.entries()) expect(kept[n], JSON.stringify(question)).toBe(computed[n]);
}

const isComplete = async (project_id: string) =>
  (await db.get<{ complete: 0 | 1 }>(sql`SELECT ${IS_COMPLETE(project_id)} AS complete`))?.complete === 1;

const aQuestion: fc.Arbitrary<Question> = fc.record({
  address: fc.constantFrom(
    "/ltv",
    "/ltv",
    "/ltv?format=csv",
    "/ltv?limit=1",
    "/ltv?currency=EUR",
    ...["whale", "dolphin", "minnow", "free", "unknown"].map((segment) => `/ltv?segment=${segment}`),
    ...["-spend_usd", "spend_usd"].map((sort) => `/players?sort=${sort}`),
    "/players?spend_from=0.0001&sort=-spend_usd&limit=2",
    "/players?spend_to=20&sort=player_id&segment=free",
  ),
  tags: fc.constantFrom<(string[] | null)[]>(null, null, [""], ["a"], ["a", "b"]),
  firstEvent: fc.constantFrom<FirstEvent[]>({}, {}, {}, { country: ["MT"] }, { device: ["", "mobile"] }),
});

let loaded = 0;
/** One of few rates, of one of few days. */
const aRate = fc.record({
  currency: fc.constantFrom("EUR", "JPY"),
  date: fc.constantFrom("2026-10-25", "2026-10-30", "2026-11-01"),
  rate: fc.constantFrom(1_000_000, 108_000_000, 123_456_789),
});
const load = ({ currency, date, rate }: { currency: string; date: string; rate: number }) =>
  db.run(sql`INSERT INTO exchange_rates VALUES (${currency}, ${date}, ${rate}, 'a test', ${++loaded})
    ON CONFLICT DO UPDATE SET usd_rate = excluded.usd_rate, loaded_at = excluded.loaded_at`);

describe("lifetime values that are kept", () => {
  it("give the answers that every payment gives, at any moment of any history", async () => {
    let run = 0;
    let complete = 0;
    await fc.assert(
      fc.asyncProperty(
        aHistory,
        fc.array(aQuestion, { minLength: 12, maxLength: 12 }),
        // Seldom, as all people are gone through again after each.
        fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: aRate }), {
          minLength: 12,
          maxLength: 12,
        }),
        fc.array(fc.record({ tables: fc.nat(9), kept: fc.nat(3), size: fc.constantFrom(1, 2, 9) }), {
          minLength: 12,
          maxLength: 12,
        }),
        fc.constantFrom(0, 1, 2),
        async ({ actions }, questions, rates, runs, settled) => {
          run++;
          const clocks: Clock[] = [
            { project_id: `kept-${run}-one`, timezone: "America/New_York" },
            { project_id: `kept-${run}-two`, timezone: "UTC" },
          ];
          for (const { project_id, timezone } of clocks)
            await createProject(project_id, { timezone, attribution_days: WINDOW, currency: "EUR" });
          for (const [n, action] of actions.entries()) {
            const { tables = 0, kept = 0, size = 1 } = runs[n] ?? {};
            if (action.window !== null) await changeWindow(clocks[0]?.project_id ?? "", action.window);
            const events = eventsOf(action, clocks).map((event, place) =>
              place % 5 === 0 && event.amount !== null
                ? { ...event, event_type: "withdrawal", currency: "USD" }
                : event,
            );
            await append(db, events);
            const rate = rates[n];
            if (rate) await load(rate);
            for (let done = 0; done < tables; done++)
              for (const projection of TABLES) await project(projection, 1 + ((done * 7 + n) % 5));
            if (n % 2 === settled) await settle(TABLES);
            if (n % 3 === 0) await reattributeSome(1);
            for (const { project_id } of clocks) {
              for (let done = 0; done < kept; done++) await step(db, project_id, { people: size, events: 3 * size });
              if (await isComplete(project_id)) complete++;
            }
            await expectSame(clocks[n % 4 === 0 ? 1 : 0]?.project_id ?? "", questions.slice(0, 2));
          }
          await settle(TABLES);
          while (await reattributeSome());
          for (const { project_id } of clocks) {
            await expectSame(project_id, questions);
            expect(await isComplete(project_id)).toBe(true);
          }
        },
      ),
      histories(8),
    );
    expect(complete).toBeGreaterThan(0);
  }, 3_600_000);
});

describe("the rows", () => {
  const project_id = "rows";
  const everyone: Question = { address: "/ltv", tags: null, firstEvent: {} };
  const deposit = (player_id: string, usd: number) =>
    append(db, [
      storedEvent({
        project_id,
        event_type: "deposit",
        player_id,
        amount: usd * 10_000,
        currency: "USD",
        banner_tag: "a",
      }),
    ]);
  const rows = () =>
    db.all<{ person: string; spend_whole: number; segment: string }>(sql`SELECT person, spend_whole, segment
      FROM lifetime_values WHERE project_id = ${project_id} ORDER BY person`);
  /** The whole progress of the project: it changes with each step. */
  const progress = () =>
    db.get<{ place: string | null }>(sql`SELECT * FROM lifetime_progress WHERE project_id = ${project_id}`);

  beforeAll(async () => {
    await createProject(project_id);
    await deposit("anna", 10);
    await deposit("ben", 200);
    await settle();
  });

  it("are made when somebody asks, and then only those of people with new events are written", async () => {
    expect(await rows()).toEqual([]);
    await answerTo(project_id, everyone);
    expect(await rows()).toEqual([
      { person: "anna", spend_whole: 10, segment: "minnow" },
      { person: "ben", spend_whole: 200, segment: "whale" },
    ]);
    await deposit("anna", 90);
    await settle();
    // A mark that the next step would remove if it wrote this row.
    await db.run(sql`UPDATE lifetime_values SET payments = 77 WHERE project_id = ${project_id} AND person = 'ben'`);
    await answerTo(project_id, everyone);
    expect(await rows()).toContainEqual({ person: "anna", spend_whole: 100, segment: "whale" });
    expect(
      await db.get(sql`SELECT payments FROM lifetime_values WHERE project_id = ${project_id} AND person = 'ben'`),
    ).toEqual({ payments: 77 });
    await db.run(sql`UPDATE lifetime_values SET payments = 1 WHERE project_id = ${project_id} AND person = 'ben'`);
  });

  it("are not written again while nothing has changed", async () => {
    const before = await progress();
    await answerTo(project_id, everyone);
    expect(await progress()).toEqual(before);
  });

  it("are read without any payment", async () => {
    // Nobody could compute these amounts from the payments any more.
    await env.DB.exec("CREATE TABLE payments_away AS SELECT * FROM payments");
    await env.DB.exec("DELETE FROM payments");
    const answer = JSON.parse(await answerTo(project_id, everyone)) as { total: { spend_usd: string } };
    expect(answer.total.spend_usd).toBe("300.00");
    await env.DB.exec("INSERT INTO payments SELECT * FROM payments_away");
    await env.DB.exec("DROP TABLE payments_away");
  });

  it.each([
    [
      "payments that retention removed",
      sql`INSERT INTO sweeps (project_id, class, swept_before, removed, updated_at)
      VALUES (${project_id}, 'figures', '2026-01-01', 2, 0) ON CONFLICT DO UPDATE SET removed = removed + 1`,
    ],
    ["rebuilt tables", sql`UPDATE projections SET epoch = epoch + 1 WHERE name = 'payments'`],
    ["new rates", sql`INSERT INTO exchange_rates VALUES ('SEK', '2026-01-01', 10000000, 'a test', 9e9)`],
    ["renamed people", sql`UPDATE renaming SET generation = generation + 1`],
  ])("are all made again after %s", async (_, change) => {
    await db.run(sql`DELETE FROM payments WHERE project_id = ${project_id} AND person = 'ben'`);
    await answerTo(project_id, everyone);
    expect(await rows()).toContainEqual({ person: "ben", spend_whole: 200, segment: "whale" });
    await db.run(change);
    await answerTo(project_id, everyone);
    expect(await rows()).toContainEqual({ person: "ben", spend_whole: 0, segment: "free" });
    await db.run(sql`INSERT INTO payments SELECT project_id, event_date, event_type, 'ben', event_hour, app_id, platform,
      banner_tag, currency, total, 200, 0 FROM payments WHERE project_id = ${project_id} AND person = 'anna' LIMIT 1`);
    await db.run(sql`UPDATE projections SET epoch = epoch + 1 WHERE name = 'players'`);
    await answerTo(project_id, everyone);
    expect(await rows()).toContainEqual({ person: "ben", spend_whole: 200, segment: "whale" });
  });

  it("follow an event that a trusted event of another person replaces", async () => {
    const event = { project_id, event_id: "replaced", event_type: "deposit", amount: 50_000_000, currency: "USD" };
    await append(db, [storedEvent({ ...event, player_id: "anna" })]);
    await settle();
    await answerTo(project_id, everyone);
    await append(db, [storedEvent({ ...event, player_id: "ben", trusted: 1 })]);
    await settle();
    await expectSame(project_id, [everyone]);
    expect(await rows()).toContainEqual({ person: "ben", spend_whole: 5_200, segment: "whale" });
  });

  it("are not used while their tables are at different places in the log", async () => {
    await answerTo(project_id, everyone);
    await deposit("anna", 1_000);
    for (const name of ["identities", "payments"]) {
      const projection = TABLES.find((table) => table.name === name);
      if (projection) await project(projection);
    }
    expect(await isComplete(project_id)).toBe(false);
    await expectSame(project_id, [everyone]);
    await settle();
  });

  it("are not needed for an answer where the database takes no more rows", async () => {
    await db.run(sql`UPDATE projections SET epoch = epoch + 1 WHERE name = 'players'`);
    const full =
      "CREATE TRIGGER full BEFORE UPDATE ON lifetime_progress BEGIN SELECT RAISE(ABORT, 'no more rows today'); END";
    await env.DB.exec(full);
    expect(JSON.parse(await answerTo(project_id, everyone))).toMatchObject({ total: { players: 2 } });
    expect(await isComplete(project_id)).toBe(false);
    await env.DB.exec("DROP TRIGGER full");
    await answerTo(project_id, everyone);
    expect(await isComplete(project_id)).toBe(true);
  });

  const MEANWHILE: [string, (player_id: string) => Promise<unknown>][] = [
    [
      "a deposit is counted",
      async () =>
        settle()
          .then(() => deposit("anna", 5))
          .then(() => settle()),
    ],
    ["another step does the same", async () => step(db, project_id)],
    ["a rate arrives", async () => db.run(sql`UPDATE exchange_rates SET loaded_at = loaded_at + 1`)],
    [
      "a player is erased",
      async (player_id) => {
        await call("DELETE", `/players/${player_id}?project_id=${project_id}`);
        await runDuty("erasures", unwoken);
      },
    ],
  ];
  it.each(MEANWHILE)("stay right when a step waits for the database while %s", async (what, act) => {
    for (const events of [0, 9]) {
      // The first of all people, whose name would be the place of a pass.
      const player_id = `aaron-${events}`;
      await answerTo(project_id, everyone);
      await deposit(player_id, 1);
      await settle();
      const stopped = gate("batch");
      const stepping = step(databaseOf(stopped.env), project_id, { people: 1, events });
      expect(await stopped.reached(stepping)).toBe(true);
      await act(player_id);
      stopped.open();
      await stepping;
      if (what === "a player is erased")
        expect(JSON.stringify([await progress(), await rows()])).not.toContain(player_id);
      await expectSame(project_id, [everyone]);
      expect(await isComplete(project_id)).toBe(true);
    }
  });

  it("of many people are finished by the duty, which no reader waits for", async () => {
    await db.run(sql`UPDATE projections SET epoch = epoch + 1 WHERE name = 'players'`);
    expect(await step(db, project_id, { people: 1, events: 1 })).toBe("more");
    expect(await isComplete(project_id)).toBe(false);
    expect((await runOnce("lifetime values")).progress).toBe("done");
    expect(await isComplete(project_id)).toBe(true);
  });

  it("of one project are computed by the duty although those of another fail", async () => {
    await createProject("broken");
    await append(db, [storedEvent({ project_id: "broken", event_type: "registration", player_id: "cleo" })]);
    await settle();
    for (const id of ["broken", project_id]) {
      await step(db, id);
      await db.run(sql`UPDATE lifetime_progress SET place = '' WHERE project_id = ${id}`);
    }
    await env.DB.exec(
      "CREATE TRIGGER broken BEFORE UPDATE ON lifetime_progress WHEN NEW.project_id = 'broken' BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    expect((await runOnce("lifetime values")).progress).toBe("later");
    expect(await isComplete(project_id)).toBe(true);
    await env.DB.exec("DROP TRIGGER broken");
    expect((await runOnce("lifetime values")).progress).toBe("done");
    expect(await isComplete("broken")).toBe(true);
  });

  it("lose the place of a pass when an erasure begins, since it may be the person", async () => {
    await db.run(sql`UPDATE projections SET epoch = epoch + 1 WHERE name = 'players'`);
    await step(db, project_id, { people: 1, events: 1 });
    expect((await progress())?.place).toBe((await rows())[0]?.person);
    await call("DELETE", `/players/anna?project_id=${project_id}`);
    await runDuty("erasures");
    expect(await progress()).toMatchObject({ place: "" });
    expect((await rows()).map(({ person }) => person)).not.toContain("anna");
    await expectSame(project_id, [everyone]);
  });

  it("follow people who are attributed again with another window", async () => {
    const now = Date.now();
    const at = (days: number, event_type: string, banner_tag: string | null) =>
      storedEvent({ project_id, event_type, player_id: "dora", banner_tag, timestamp: now - days * 86_400_000 });
    await append(db, [at(9, "visit", "first"), at(5, "visit", "last"), at(0, "registration", null)]);
    await settle();
    const ofFirst = { ...everyone, tags: ["first"] };
    expect(JSON.parse(await answerTo(project_id, ofFirst))).toMatchObject({ total: { players: 0 } });
    await changeWindow(project_id, 1);
    while (await reattributeSome());
    expect(JSON.parse(await answerTo(project_id, ofFirst))).toMatchObject({ total: { players: 1 } });
  });
});
