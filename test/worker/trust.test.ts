/** No unsigned event hides one with a key or a valid signature, whichever arrived first. */
import { env } from "cloudflare:test";
import { type SQL, sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { sign } from "../../worker/collect/signature.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { supersede } from "../../worker/event-log/append.ts";
import { repairsOf } from "../../worker/projections/resolve.ts";
import { answerOf, read, sendPixel } from "./api.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, DEAD_LETTER_QUEUE, db, deliver, figuresIn, keepToTables, settle, storedEvent } from "./log.ts";
import { figuresOf } from "./oracle.ts";

// It looks into the tables.
beforeAll(keepToTables);

const pixel = async (path: string, fields: Record<string, string>) =>
  (await sendPixel(path, fields)).headers.get("x-event-status");
const logged = async (project_id: string) =>
  (
    await env.DB.prepare(
      "SELECT event_id, event_type, player_id, trusted, duplicate_of FROM events WHERE project_id = ? ORDER BY seq",
    )
      .bind(project_id)
      .all()
  ).results;
const expectLogged = (project_id: string, rows: object[]) =>
  vi.waitFor(async () => expect(await logged(project_id)).toMatchObject(rows), { timeout: 200_000, interval: 100 });

describe("a stranger", () => {
  it("cannot use up the id or transaction of a signed deposit, or of one with a key", async () => {
    const { pixel_secret } = await answerOf<{ pixel_secret: string }>("POST", "/projects", {
      project_id: "squatted",
      require_signature: true,
    });
    const stranger = { project_id: "squatted", player_id: "x", btag: "evil" };
    const genuine = { ...stranger, player_id: "p1", btag: "summer", amount: "25.00", currency: "EUR" };
    const signed = async (fields: Record<string, string>) => ({
      ...fields,
      sig: await sign(new URLSearchParams(fields), pixel_secret),
    });
    expect(await pixel("/deposit", { ...stranger, transaction_id: "T-1001" })).toBe("rejected");
    expect(await pixel("/visit", { ...stranger, event_id: "order-1" })).toBe("accepted");
    expect(await pixel("/visit", { ...stranger, event_id: "order-2" })).toBe("accepted");
    await expectLogged("squatted", [{ event_id: "order-1" }, { event_id: "order-2" }]);
    await settle();

    const key = await makeApiKey({ project_id: "squatted", role: "collect" });
    const first = { ...genuine, transaction_id: "T-1001", event_id: "order-1" };
    expect(await pixel("/deposit", await signed(first))).toBe("accepted");
    const { btag: banner_tag, ...second } = { ...genuine, transaction_id: "T-1002", event_id: "order-2" };
    await answerOf("POST", "/events", { ...second, banner_tag, event_type: "deposit" }, bearer(key));
    await expectLogged("squatted", [
      { event_id: "order-1", event_type: "visit", trusted: 0, duplicate_of: "order-1" },
      { event_id: "order-2", event_type: "visit", trusted: 0, duplicate_of: "order-2" },
      { event_id: "order-1", event_type: "deposit", trusted: 1, duplicate_of: null },
      { event_id: "order-2", event_type: "deposit", trusted: 1, duplicate_of: null },
    ]);
    await settle();
    const { daily_metrics, money_summary, players } = await figuresIn("squatted");
    expect(Object.values(daily_metrics)).toEqual([{ count: 1, total: 2 }]);
    expect(Object.values(money_summary)).toEqual([{ total: 2, whole: 50, fraction: 0 }]);
    expect(Object.keys(players)).toEqual(['["p1"]']);

    // The API shows which of the two counts, and why the other does not.
    expect(await read("/events/order-1?project_id=squatted")).toMatchObject({
      event_type: "deposit",
      trusted: true,
      outcome: "counted",
    });
    const { rows } = await read<{ rows: object[] }>("/events?project_id=squatted&event_type=visit");
    expect(rows).toMatchObject([
      { event_id: "order-2", trusted: false, outcome: "duplicate", duplicate_of: "order-2" },
      { event_id: "order-1", trusted: false, outcome: "duplicate", duplicate_of: "order-1" },
    ]);
    const requests = await read<{ counts: object; rows: { hint: string | null }[] }>("/requests?project_id=squatted");
    expect(requests.counts).toMatchObject({ accepted: 4, accepted_as: { counted: 2, duplicate: 2 } });
    expect(requests.rows.filter(({ hint }) => /came with a key or a signature/.test(hint ?? ""))).toHaveLength(2);
  });

  it("who sends tests, or is a bot, uses up no id or transaction of other pixels, either", async () => {
    await createProject("tested");
    const event = (more: Partial<StoredEvent>) =>
      storedEvent({
        project_id: "tested",
        event_type: "deposit",
        event_id: "e1",
        player_id: "p",
        amount: 100_000,
        currency: "EUR",
        transaction_id: "T-1",
        ...more,
      });
    await deliver([{ events: [event({ test: 1 }), event({ bot: "crawler" }), event({})] }]);
    await settle();
    expect(await logged("tested")).toMatchObject([{ trusted: 0 }, { trusted: 0, duplicate_of: null }]);
    expect(Object.values((await figuresIn("tested")).payments)).toEqual([{ total: 1, whole: 10, fraction: 0 }]);
  });
});

describe("an untrusted event that was counted before the trusted one came", () => {
  const AT = Date.parse("2026-05-03T10:00:00Z");
  const open = (more: Partial<StoredEvent>) =>
    storedEvent({
      project_id: "late",
      event_type: "deposit",
      timestamp: AT,
      banner_tag: "evil",
      player_id: "p",
      ...more,
    });
  const paid = { amount: 70_000, currency: "EUR" };
  const before = [
    open({ event_type: "visit", event_id: "v", banner_tag: "summer", visitor_id: "browser", player_id: null }),
    open({ event_id: "browser-1", transaction_id: "T-1", visitor_id: "browser", ...paid }),
    open({ event_id: "browser-2", transaction_id: "T-1", ...paid }),
    open({ event_id: "score-1", event_type: "player_score", app_id: "slots", score: 90 }),
    // It takes its tag from the first deposit.
    open({ event_id: "later", event_type: "spin", banner_tag: null, timestamp: AT + 60_000 }),
  ];
  const since = [
    open({ event_id: "server-1", transaction_id: "T-1", banner_tag: null, trusted: 1, timestamp: AT + 5, ...paid }),
    open({
      event_id: "score-1",
      event_type: "player_score",
      app_id: "slots",
      score: 7,
      banner_tag: "summer",
      trusted: 1,
    }),
  ];

  it("is a duplicate of the trusted one from then on, in every figure", async () => {
    await createProject("late");
    await deliver([{ events: before }]);
    await settle();
    expect(await figuresIn("late")).toEqual(figuresOf(before, 30));
    const board = () => read<{ entries: object[] }>("/games/slots/leaderboard?project_id=late&period=alltime");
    expect((await board()).entries).toMatchObject([{ score: 90 }]);

    for (let time = 0; time < 2; time++) await deliver([{ events: since }, { events: before }]);
    await settle();
    expect(await logged("late")).toMatchObject([
      { event_id: "v", duplicate_of: null },
      { event_id: "browser-1", duplicate_of: "server-1" },
      { event_id: "browser-2", duplicate_of: "browser-1" },
      { event_id: "score-1", duplicate_of: "score-1" },
      { event_id: "later", duplicate_of: null },
      { event_id: "server-1", duplicate_of: null, trusted: 1 },
      { event_id: "score-1", duplicate_of: null, trusted: 1 },
    ]);
    const figures = await figuresIn("late");
    expect(figures).toEqual(figuresOf([...before, ...since], 30));
    // The browser's event still links the visitor, so the payment and the spin count for the visit's tag.
    expect(Object.keys(figures.payments)).toEqual([expect.stringMatching(/"p".*"summer","EUR"/)]);
    expect(Object.keys(figures.event_summary).join()).not.toContain("evil");
    expect((await board()).entries).toMatchObject([{ score: 7 }]);
    const { results } = await env.DB.prepare(
      "SELECT outcome, sum(total) AS total FROM event_outcomes WHERE project_id = 'late' GROUP BY outcome ORDER BY outcome",
    ).all();
    expect(results).toEqual([
      { outcome: "counted", total: 6 },
      { outcome: "duplicate", total: 1 },
      { outcome: "superseded", total: 2 },
    ]);
  });

  it("is removed from the live counters and the stream, once", async () => {
    await createProject("live-late");
    const now = Date.now();
    const event = (more: Partial<StoredEvent>) =>
      storedEvent({
        project_id: "live-late",
        event_type: "deposit",
        player_id: "p",
        banner_tag: "t",
        transaction_id: "T-1",
        timestamp: now,
        received_at: now,
        ...paid,
        ...more,
      });
    type Live = { windows: { today: { total: number; amounts: object } }; events: { event_id: string }[] };
    const live = () => read<Live>("/realtime?project_id=live-late");
    await deliver([{ events: [event({ event_id: "open" })] }]);
    await settle();
    expect((await live()).events).toMatchObject([{ event_id: "open" }]);
    for (let time = 0; time < 2; time++)
      await deliver([{ events: [event({ event_id: "vouched", trusted: 1, amount: 80_000 })] }]);
    await settle();
    const { windows, events } = await live();
    expect(windows.today).toMatchObject({ total: 1, amounts: { deposit: { EUR: "8.00" } } });
    expect(events).toMatchObject([{ event_id: "vouched" }]);
  });
});

it("what a trusted event replaces is found by indexes, however long the log is", async () => {
  const plan = async (statement: SQL) =>
    (await db.all<{ detail: string }>(sql`EXPLAIN QUERY PLAN ${statement}`)).map(({ detail }) => detail);
  const given = sql`SELECT value ->> 0 AS project_id, value ->> 1 AS event_id FROM json_each('[]')`;
  for (const statement of [supersede(given), repairsOf({ after: 1, upTo: 2 })]) {
    const steps = await plan(statement);
    expect(steps).toContainEqual(expect.stringMatching(/^SEARCH . USING (COVERING )?INDEX events_/));
    expect(steps.filter((step) => /^SCAN (events|[eno])\b/.test(step))).toEqual([]);
  }
});

describe("what other stores hold of an untrusted event", () => {
  const event = (project_id: string, more: Partial<StoredEvent>) =>
    storedEvent({ project_id, event_type: "deposit", event_id: "e1", player_id: "p", ...more });

  it("is a separate dead letter: both are kept and replayed", async () => {
    await createProject("letters");
    const events = [event("letters", {}), event("letters", { trusted: 1 }), event("letters", { bot: "crawler" })];
    for (let time = 0; time < 2; time++) await deliver([{ events }], env, DEAD_LETTER_QUEUE);
    const letters = await read<{ rows: { id: number; event: StoredEvent }[] }>("/dead-letters?project_id=letters");
    expect(letters.rows.map((letter) => [letter.event.trusted, letter.event.bot]).toSorted()).toEqual([
      [0, null],
      [0, "crawler"],
      [1, null],
    ]);
    const ids = letters.rows.map(({ id }) => id);
    expect(await answerOf("POST", "/dead-letters/replay", { ids })).toMatchObject({
      replayed: 3,
    });
    expect((await logged("letters")).length).toBe(3);
  });

  it("does not block a trusted one after it was removed from the log", async () => {
    await createProject("gone");
    await env.DB.prepare("INSERT INTO retired_events (project_id, event_id, standing) VALUES ('gone', 'e1', 1)").run();
    await deliver([{ events: [event("gone", {}), event("gone", { trusted: 1 })] }]);
    expect(await logged("gone")).toMatchObject([{ event_id: "e1", trusted: 1, duplicate_of: null }]);
    // And a removed event still hides one without a key.
    await env.DB.prepare("INSERT INTO retired_events (project_id, event_id, standing) VALUES ('gone', 'e2', 3)").run();
    await deliver([{ events: [event("gone", { event_id: "e2" }), event("gone", { event_id: "e2", trusted: 1 })] }]);
    expect((await logged("gone")).slice(1)).toMatchObject([{ event_id: "e2", trusted: 0, duplicate_of: "e2" }]);
  });
});
