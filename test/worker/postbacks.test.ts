/** Postbacks to a real server that fails in every way: each event arrives once, at the expected try. */
import { env } from "cloudflare:test";
import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { TargetView } from "../../worker/admin/postback-target.ts";
import type { Resent, Tested } from "../../worker/admin/postback-tries.ts";
import { PAUSED_AFTER, PAUSES_MS, WARNED_AFTER } from "../../worker/postbacks/ladder.ts";
import { sendDue } from "../../worker/postbacks/sending.ts";
import { signatureOf } from "../../worker/postbacks/signature.ts";
import { postbacks } from "../../worker/projections/postbacks.ts";
import { advance } from "../../worker/projections/runner.ts";
import { metered } from "../../worker/store/budget.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { answerOf, HOST } from "./api.ts";
import { guardedDatabase } from "./database.ts";
import { runDuty } from "./duty.ts";
import { gate } from "./gate.ts";
import { createProject, db, deliver, storedEvent } from "./log.ts";
import { ask, LATER, log, makeTarget, read, received, receiver, sendAll, sendOnce, triesOf } from "./receiver.ts";

const PATIENCE = { timeout: 200_000 };
const DAY_MS = 86_400_000;

let projects = 0;
const newProject = async (): Promise<string> => {
  const project_id = `postbacks-${++projects}`;
  await createProject(project_id);
  return project_id;
};
const target = async (id: string, project_id: string) =>
  (await (await ask("GET", `?project_id=${project_id}`)).json<{ rows: TargetView[] }>()).rows.find(
    (row) => row.id === id,
  ) as TargetView;
const waiting = (id: string) =>
  db.all<{ event_id: string; status: string; tries: number; due_at: number }>(
    sql`SELECT event_id, status, tries, due_at FROM postbacks WHERE target_id = ${id} ORDER BY event_id`,
  );
const eventIds = async (address: string) =>
  (await received(address)).map(({ url }) => new URL(url, address).searchParams.get("e"));

describe("a postback", () => {
  it("arrives once, at the expected try, whatever the receiver did before; each try is a row", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver(
      { status: 500, body: "out of order" },
      { status: 302, headers: { location: "http://10.0.0.1/inside" } },
      { fault: "reset" },
      { fault: "hang" },
      { status: 503, fault: "garbage" },
      { status: 200, body: "thanks", late: 1_500 },
    );
    const made = await makeTarget(project_id, { url: `${address}?e={event_id}&a={amount}` });
    await log({ project_id, event_id: "order-1", amount: 125_000, currency: "EUR" });
    await read();
    let now = LATER;
    for (const pause of [...PAUSES_MS, null]) {
      const { progress } = await sendOnce(made, now);
      // Nothing is sent before it is due, however often the sender runs.
      expect((await sendOnce(made, now)).progress).toEqual(progress);
      if (pause === null) expect(progress).toBe("done");
      else {
        expect(progress).toEqual({ at: now + pause });
        await sendOnce(made, now + pause - 1);
        now += pause;
      }
    }
    expect((await received(address)).map(({ method, url }) => [method, url.split("?")[1]])).toEqual(
      Array(6).fill(["GET", "e=order-1&a=12.50"]),
    );
    const tries = await triesOf(made);
    expect(tries.map(({ try: nth, status, error, at }) => [nth, status, error, Date.parse(at) - LATER])).toEqual([
      [1, 500, "it answered 500", 0],
      [2, 302, "it answered 302: redirects are not followed (to http://10.0.0.1/inside)", 12_000],
      [3, null, "it cannot be reached", 162_000],
      [4, null, "it did not answer within 10 seconds", 1_962_000],
      [5, 503, "it answered 503", 23_562_000],
      [6, 200, null, 109_962_000],
    ]);
    expect(tries.map(({ response }) => response)).toEqual([
      "out of order",
      "ok",
      "",
      "",
      "\ufffd".repeat(500),
      "thanks",
    ]);
    expect(tries.map(({ next_try_at }) => next_try_at && Date.parse(next_try_at) - LATER)).toEqual([
      12_000,
      162_000,
      1_962_000,
      23_562_000,
      109_962_000,
      null,
    ]);
    expect(await waiting(made.id)).toMatchObject([{ status: "sent", tries: 6 }]);
    expect((await target(made.id, project_id)).failures).toBe(0);
  });

  it("is delivered if the answer is 2xx, also when the body is cut off", async () => {
    const project_id = await newProject();
    const address = await receiver({ status: 204, body: "" }, { status: 200, body: "half", fault: "cut" });
    const made = await makeTarget(project_id, { url: `${address}?e={event_id}` });
    await log({ project_id, event_id: "a" }, { project_id, event_id: "b" });
    await read();
    expect(await sendAll(made)).toBe("done");
    expect((await eventIds(address)).sort()).toEqual(["a", "b"]);
    expect((await triesOf(made)).map(({ status }) => status).sort()).toEqual([200, 204]);
  });

  it("is dead after six tries, and is sent again on request", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver(...Array(6).fill({ status: 404 }), { status: 200 });
    const made = await makeTarget(project_id, { url: `${address}?e={event_id}` });
    await log({ project_id, event_id: "late" });
    await read();
    let now = LATER;
    for (const pause of PAUSES_MS) {
      await sendOnce(made, now);
      now += pause;
    }
    expect((await sendOnce(made, now)).progress).toBe("done");
    expect(await waiting(made.id)).toMatchObject([{ status: "dead", tries: 6 }]);
    expect(await sendAll(made, now + 400 * DAY_MS)).toBe("done");
    expect(await received(address)).toHaveLength(6);
    const again = async (body: unknown) => (await ask("POST", `/${made.id}/resend`, body)).json<Resent>();
    expect(await again({ dead: true, to: new Date(LATER).toISOString() })).toEqual({ resent: 0, more: false });
    expect(await again({ dead: true, from: new Date(LATER).toISOString() })).toEqual({ resent: 1, more: false });
    // The target's object sends it at once.
    await vi.waitFor(
      async () => expect(await waiting(made.id)).toMatchObject([{ status: "sent", tries: 1 }]),
      PATIENCE,
    );
    expect(await eventIds(address)).toEqual(Array(7).fill("late"));
    expect((await triesOf(made)).map((one) => one.try)).toEqual([1, 2, 3, 4, 5, 6, 1]);
    // A postback that was delivered is sent again, too, if it is named.
    expect(await again({ event_id: "late" })).toEqual({ resent: 1, more: false });
    await vi.waitFor(async () => expect(await received(address)).toHaveLength(8), PATIENCE);
    expect((await ask("POST", `/${made.id}/resend`, { event_id: "nobody's" })).status).toBe(404);
  });

  it("is made once for a target and event, also when two runs read the log in turn or at the same time", async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const [one, other] = [
      await makeTarget(project_id, { url: `${address}?e={event_id}` }),
      await makeTarget(project_id, { url: `${address}?e={event_id}` }),
    ];
    await log(...["a", "b", "c"].map((event_id) => ({ project_id, event_id })));
    await Promise.allSettled([1, 2, 3].map(() => advance(env, db, postbacks, LATER)));
    await read();
    await sendAll(one);
    await db.run(sql`UPDATE projections SET cursor = 0 WHERE name = 'postbacks'`);
    await read(LATER + 1);
    await Promise.all([sendAll(one, LATER + 1), sendAll(other, LATER + 1)]);
    expect((await eventIds(address)).sort()).toEqual(["a", "a", "b", "b", "c", "c"]);
  });

  it("is not sent again for a trusted event that replaces one that was sent", async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const made = await makeTarget(project_id, { url: `${address}?e={event_id}` });
    const paid = { project_id, amount: 10_000, currency: "EUR" };
    await log({ ...paid, event_id: "of-the-page", transaction_id: "t-1" }, { ...paid, event_id: "same" });
    await read();
    await sendAll(made);
    await log(
      { ...paid, event_id: "of-the-server", transaction_id: "t-1", trusted: 1 },
      { ...paid, event_id: "same", trusted: 1 },
      { ...paid, event_id: "new", transaction_id: "t-2", trusted: 1 },
      { ...paid, event_id: "repeats-new", transaction_id: "t-2" },
    );
    await read(LATER + 1);
    await sendAll(made, LATER + 1);
    expect((await eventIds(address)).sort()).toEqual(["new", "of-the-page", "same"]);
  });

  it("of an event that was removed from the log is given up, with the reason", async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const made = await makeTarget(project_id, { url: address });
    await log({ project_id, event_id: "gone" });
    await read();
    await db.run(sql`DELETE FROM events WHERE project_id = ${project_id}`);
    expect(await sendAll(made)).toBe("done");
    expect(await triesOf(made)).toMatchObject([{ error: "the event has gone from the log", status: null }]);
    expect((await target(made.id, project_id)).failures).toBe(0);
    expect(await received(address)).toEqual([]);
  });
});

describe("a target", () => {
  it("gets the events that it asks for, and no others", PATIENCE, async () => {
    const project_id = await newProject();
    const other = await newProject();
    const address = await receiver({});
    const url = (name: string) => `${address}?e={event_id}&t=${name}&b={banner_tag}`;
    const targets = [
      await makeTarget(project_id, { url: url("deposits") }),
      await makeTarget(project_id, { url: url("both"), event_types: ["deposit", "visit"] }),
      await makeTarget(project_id, { url: url("summer"), banner_tags: ["summer"] }),
      await makeTarget(project_id, { url: url("first"), first_deposit: true }),
      await makeTarget(project_id, { url: url("large"), min_amount: "10", currency: "EUR" }),
      await makeTarget(project_id, { url: url("tests"), test: true, event_types: ["deposit", "visit"] }),
    ];
    let timestamp = Date.now();
    const by = (player_id: string, event_id: string) => ({
      project_id,
      player_id,
      event_id,
      banner_tag: null,
      timestamp: ++timestamp,
    });
    const eur = (amount: number) => ({ amount, currency: "EUR" });
    await log(
      // By an import, before any target existed.
      { ...by("r", "old"), timestamp: Date.parse("2020-01-01T00:00:00Z") },
      { ...by("p", "visit"), event_type: "visit", player_id: null, visitor_id: "v", banner_tag: "summer" },
      { ...by("p", "registration"), event_type: "registration", visitor_id: "v" },
      // The tag is the one that brought the person.
      { ...by("p", "first"), ...eur(99_999) },
      { ...by("p", "second"), ...eur(100_000), banner_tag: "winter" },
      { ...by("q", "dollars"), amount: 200_000, currency: "USD" },
      { ...by("q", "bot"), bot: "crawler" },
      { ...by("q", "test"), test: 1, ...eur(200_000) },
      { project_id: other, event_id: "elsewhere" },
    );
    // In two steps, since the order is decided by the log and not by a run.
    await read();
    await log({ ...by("p", "third"), ...eur(300_000) }, { ...by("p", "repeated"), event_id: "third" });
    await read();
    for (const one of targets) await sendAll(one);
    const told = (await received(address)).map(({ url: asked }) => new URL(asked, address).searchParams);
    const of = (name: string) =>
      told.flatMap((query) => (query.get("t") === name ? [`${query.get("e")} ${query.get("b")}`.trim()] : [])).sort();
    expect({
      deposits: of("deposits"),
      both: of("both"),
      summer: of("summer"),
      first: of("first"),
      large: of("large"),
      tests: of("tests"),
    }).toEqual({
      deposits: ["dollars", "first summer", "second winter", "third winter"],
      both: ["dollars", "first summer", "second winter", "third winter", "visit summer"],
      summer: ["first summer"],
      first: ["dollars", "first summer"],
      large: ["second winter", "third winter"],
      tests: ["test"],
    });
  });

  it(
    "shows a warning after ten failed tries, and is paused after twenty; after it is resumed, it gets what waits",
    PATIENCE,
    async () => {
      const project_id = await newProject();
      const address = await receiver(...Array(PAUSED_AFTER).fill({ status: 500 }), { status: 200 });
      const made = await makeTarget(project_id, { url: `${address}?e={event_id}` });
      const ids = Array.from({ length: 25 }, (_, n) => `e-${String(n).padStart(2, "0")}`);
      await log(...ids.map((event_id) => ({ project_id, event_id })));
      await read();
      const states: string[] = [];
      for (let failures = 0; failures < PAUSED_AFTER; ) {
        await sendOnce(made);
        const now = await target(made.id, project_id);
        failures = now.failures;
        states.push(`${now.state} ${failures >= WARNED_AFTER}`);
      }
      expect(new Set(states)).toEqual(
        new Set([...states.filter((one) => one === "active false" || one === "warning true"), "paused true"]),
      );
      expect(await target(made.id, project_id)).toMatchObject({ state: "paused", paused_by: "failures", failures: 20 });
      // It gets nothing meanwhile, and new events wait.
      await log({ project_id, event_id: "meanwhile" });
      await read();
      expect(await sendAll(made, LATER + DAY_MS)).toBe("done");
      expect(await received(address)).toHaveLength(PAUSED_AFTER);
      const resumed = await (await ask("PATCH", `/${made.id}`, { paused: false })).json<TargetView>();
      expect(resumed).toMatchObject({ state: "active", failures: 0, paused_at: null, paused_by: null });
      expect(await sendAll(made, LATER + DAY_MS)).toBe("done");
      expect((await eventIds(address)).slice(PAUSED_AFTER).sort()).toEqual([...ids, "meanwhile"]);
      expect(new Set((await waiting(made.id)).map(({ status }) => status))).toEqual(new Set(["sent"]));
    },
  );

  it("gets requests signed over time, method, URL and body", async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const made = await makeTarget(project_id, {
      url: `${address}?k=1&click={click_id}`,
      method: "POST",
      body_type: "json",
      body: '{"who":"{player_id}"}',
    });
    await log({ project_id, event_id: "a", click_id: "ü &", player_id: "zoë" });
    await read();
    await sendAll(made);
    const [sent] = await received(address);
    expect(sent).toMatchObject({ method: "POST", body: '{"who":"zoë"}' });
    expect(sent?.url).toMatch(/\?k=1&click=%C3%BC%20%26$/);
    const url = new URL(sent?.url ?? "", address).href;
    const signature = await signatureOf(made.secret, LATER, "POST", url, '{"who":"zoë"}');
    expect(sent?.headers["x-edgepixel-signature"]).toBe(signature);
    expect(sent?.headers).toMatchObject({ "content-type": "application/json", "user-agent": "Edgepixel" });
  });

  it("can be tested with an example, which returns the receiver's answer", async () => {
    const project_id = await newProject();
    const address = await receiver({ status: 418, body: "a teapot" });
    const made = await makeTarget(project_id, { url: `${address}?token=secret-of-theirs&e={event_type}` });
    const tested = await (await ask("POST", `/${made.id}/test`)).json<Tested>();
    expect(tested).toMatchObject({
      taken: false,
      status: 418,
      response: "a teapot",
      error: "it answered 418",
      request: { method: "GET", url: `${address}?token=[secret]&e=deposit`, body: null },
    });
    expect((await received(address)).map(({ url }) => url.split("?")[1])).toEqual(["token=secret-of-theirs&e=deposit"]);
    expect(await triesOf(made)).toMatchObject([{ try: 0, status: 418 }]);
    // A test does not count.
    expect(await target(made.id, project_id)).toMatchObject({ failures: 0, state: "active" });
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ["an unknown macro", { url: "https://tracker.example.com/?a={commission}" }, "url", "{commission}"],
    ["a private address", { url: "https://10.0.0.1/" }, "url", "IP addresses"],
    ["this instance", { url: `${HOST}/visit` }, "url", "own host"],
    ["a body with GET", { body_type: "json", body: "{}" }, "body", "GET"],
    ["a body of no type", { method: "POST", body: "{}" }, "body_type", "is required"],
    ["a body that is no JSON", { method: "POST", body_type: "json", body: "{amount}" }, "body", "must be JSON"],
    ["an amount of no currency", { min_amount: "10" }, "currency", "is required"],
    ["an amount that is none", { min_amount: "ten", currency: "EUR" }, "min_amount", "decimal"],
    ["a currency that is none", { min_amount: "10", currency: "XYZ" }, "currency", "ISO 4217"],
    ["a first visit", { first_deposit: true, event_types: ["visit"] }, "event_types", "deposit alone"],
    ["no type", { event_types: [] }, "event_types", "one type"],
    ["a method that is none", { method: "PUT" }, "method", "GET, POST"],
    ["a field that is none", { retries: 5 }, "retries", "not a field"],
  ])("is refused with %s, by field and rule", async (_, given, field, rule) => {
    const project_id = await newProject();
    const good = { project_id, name: "n", event_types: ["deposit"], url: "https://tracker.example.com/" };
    const answer = await ask("POST", "", { ...good, ...given });
    expect(answer.status).toBe(400);
    const { errors } = await answer.json<{ errors: { field: string; message: string }[] }>();
    expect(errors.map((error) => error.field)).toContain(field);
    expect(errors.find((error) => error.field === field)?.message).toContain(rule);
    // A change is validated as a whole.
    const made = await makeTarget(project_id, good);
    if (field !== "retries") expect((await ask("PATCH", `/${made.id}`, given)).status).toBe(400);
  });

  it("has each change in the audit log, without any secret", async () => {
    const project_id = await newProject();
    const url = `${await receiver({})}?token=their-own-token`;
    const made = await makeTarget(project_id, { url });
    const { secret } = await (await ask("PATCH", `/${made.id}`, { new_secret: true, paused: true })).json<{
      secret: string;
    }>();
    expect(secret).toMatch(/^[0-9a-f]{48}$/);
    expect(secret).not.toBe(made.secret);
    await ask("POST", `/${made.id}/test`);
    await ask("POST", `/${made.id}/resend`, { dead: true });
    await ask("DELETE", `/${made.id}`);
    const entries = await db.all<{ action: string; details: string }>(
      sql`SELECT action, details FROM audit WHERE project_id = ${project_id} ORDER BY id`,
    );
    expect(entries.map(({ action }) => action)).toEqual(
      ["create", "change", "test", "resend", "remove"].map((act) => `postback.${act}`),
    );
    const list = await (await ask("GET", `?project_id=${project_id}`)).text();
    for (const one of [made.secret, secret, "their-own-token"]) expect(JSON.stringify(entries)).not.toContain(one);
    expect(list).not.toContain(secret);
  });

  it("that is removed gets nothing more, and all its rows are removed", async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const made = await makeTarget(project_id, { url: address });
    await log({ project_id, event_id: "a" }, { project_id, event_id: "b" });
    await read();
    expect((await ask("DELETE", `/${made.id}`)).status).toBe(204);
    expect(await sendAll(made)).toBe("done");
    await log({ project_id, event_id: "c" });
    await read();
    expect(await received(address)).toEqual([]);
    expect((await ask("GET", `/${made.id}/log`)).status).toBe(404);
    expect(await waiting(made.id)).toHaveLength(2);
    await runDuty("postback keeping");
    expect(await waiting(made.id)).toEqual([]);
    expect(await db.all(sql`SELECT 1 FROM postback_targets WHERE id = ${made.id}`)).toEqual([]);
  });

  it("whose project is removed during a delivery leaves no rows, and gets nothing more", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const made = await makeTarget(project_id, { url: `${address}?e={event_id}` });
    await log({ project_id, event_id: "a" });
    await read();
    const held = gate("batch");
    const { env: own, budget } = metered(held.env, "postbacks");
    const sending = sendDue(own, databaseOf(held.env), made.id, budget, () => LATER);
    expect(await held.reached(sending)).toBe(true);
    expect(await eventIds(address)).toEqual(["a"]);
    // A project can be removed when its events were removed from the log.
    await db.run(sql`DELETE FROM events WHERE project_id = ${project_id}`);
    await answerOf("DELETE", `/projects/${project_id}`);
    held.open();
    await sending;
    await sendAll(made);
    await vi.waitFor(async () => {
      await db.run(sql`UPDATE removals SET due_at = 0`);
      await runDuty("removals");
      expect(
        await db.all(sql`SELECT 1 FROM postbacks WHERE project_id = ${project_id}
        UNION ALL SELECT 1 FROM postback_tries WHERE project_id = ${project_id}
        UNION ALL SELECT 1 FROM postback_targets WHERE project_id = ${project_id}`),
      ).toEqual([]);
    }, PATIENCE);
    expect(await eventIds(address)).toEqual(["a"]);
  });

  it("has its sent postbacks kept for 30 days", async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const made = await makeTarget(project_id, { url: address });
    await log({ project_id, event_id: "a" });
    await read();
    await sendAll(made);
    await log({ project_id, event_id: "b" });
    await read(LATER + 10 * DAY_MS);
    await sendAll(made, LATER + 10 * DAY_MS);
    const kept = async (now: number) => {
      await runDuty("postback keeping", env, now);
      return [
        (await waiting(made.id)).map(({ event_id }) => event_id),
        (await triesOf(made)).map((row) => row.event_id),
      ];
    };
    expect(await kept(LATER + 30 * DAY_MS)).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(await kept(LATER + 30 * DAY_MS + 1)).toEqual([["b"], ["b"]]);
    expect(await kept(LATER + 41 * DAY_MS)).toEqual([[], []]);
    expect(await target(made.id, project_id)).toMatchObject({ id: made.id });
  });

  it("gets as many as an invocation may send, and the rest in the next one", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const made = await makeTarget(project_id, { url: `${address}?e={event_id}` });
    const ids = Array.from({ length: 60 }, (_, n) => `many-${n}`);
    await log(...ids.map((event_id) => ({ project_id, event_id })));
    await read();
    const { progress, budget } = await sendOnce(made);
    expect(progress).toBe("more");
    expect(budget.left).toBeGreaterThanOrEqual(0);
    const first = await received(address);
    expect(first.length).toBeGreaterThan(10);
    expect(first.length).toBeLessThan(50);
    expect(await sendAll(made)).toBe("done");
    expect((await eventIds(address)).sort()).toEqual(ids.sort());
  });
});

describe("without a request", () => {
  beforeAll(() => createProject("postbacks-live"));

  it("new events are sent, whatever another target does", PATIENCE, async () => {
    const [slow, good] = [await receiver({ fault: "hang" }), await receiver({})];
    const hanging = await makeTarget("postbacks-live", { url: `${slow}?e={event_id}` });
    await makeTarget("postbacks-live", { url: `${good}?e={event_id}` });
    const event = (event_id: string) =>
      storedEvent({ project_id: "postbacks-live", event_type: "deposit", player_id: "p", banner_tag: "t", event_id });
    for (const event_id of ["one", "two"]) {
      await deliver([{ events: [event(event_id)] }]);
      await vi.waitFor(async () => expect(await eventIds(good)).toContain(event_id), PATIENCE);
    }
    expect((await eventIds(good)).sort()).toEqual(["one", "two"]);
    await vi.waitFor(async () => {
      const tries = await triesOf(hanging);
      expect(tries[0]).toMatchObject({ error: "it did not answer within 10 seconds" });
    }, PATIENCE);
    await ask("PATCH", `/${hanging.id}`, { paused: true });
  });
});

describe("an erasure", () => {
  it("removes what was sent of the person, and stops what is to be sent", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver({ body: "noted anna-karenina" });
    const made = await makeTarget(project_id, { url: `${address}?p={player_id}&s={s1}&e={event_id}` });
    await log(
      { project_id, player_id: "anna-karenina", event_id: "hers" },
      { project_id, player_id: "vronsky", event_id: "his", data: '{"s1":"anna-karenina"}' },
      { project_id, player_id: "levin", event_id: "of anna-karenina".replace(" ", ":") },
    );
    await read();
    await sendAll(made);
    await log(
      { project_id, player_id: "anna-karenina", event_id: "hers-waiting" },
      { project_id, player_id: "levin", event_id: "anna-karenina:waiting" },
    );
    await read();
    // Not read yet when she is erased.
    await log({ project_id, player_id: "anna-karenina", event_id: "hers-unread" });
    const { id } = await answerOf<{ id: string }>("DELETE", `/players/anna-karenina?project_id=${project_id}`);
    const finished = () =>
      db.get<{ finished_at: number | null; found: string }>(
        sql`SELECT finished_at, found FROM erasures WHERE id = ${id}`,
      );
    for (let now = Date.now(); (await finished())?.finished_at == null; now += 61_000) {
      await db.run(sql`UPDATE erasures SET due_at = 0 WHERE id = ${id}`);
      await runDuty("erasures", env, now);
    }
    const kept = JSON.stringify([
      await db.all(sql`SELECT * FROM postbacks WHERE project_id = ${project_id}`),
      await db.all(sql`SELECT * FROM postback_tries WHERE project_id = ${project_id}`),
    ]);
    expect(kept).not.toMatch(/anna|hers/);
    expect(kept).toContain("vronsky");
    expect((JSON.parse((await finished())?.found ?? "{}") as { postbacks: number }).postbacks).toBeGreaterThan(2);
    const before = (await received(address)).length;
    await read(LATER + 1);
    await sendAll(made, LATER + 1);
    const after = (await received(address)).slice(before);
    // Only Levin's, under the new name of his event.
    expect(after).toHaveLength(1);
    expect(after[0]?.url).toContain("p=levin");
    expect(after[0]?.url).not.toContain("anna");
  });
});

describe("the rows that D1 bills", () => {
  it("are two for a postback that is made, and three when it is sent", async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const made = await makeTarget(project_id, { url: address });
    let written = 0;
    type Billed = { meta?: { rows_written?: number } };
    const DB = guardedDatabase(async (act) => {
      const answer = await act();
      for (const { meta } of [answer].flat() as Billed[]) written += meta?.rows_written ?? 0;
      return answer;
    });
    await read();
    const EVENTS = 20;
    await log(...Array.from({ length: EVENTS }, (_, n) => ({ project_id, event_id: `billed-${n}` })));
    const counted = { ...env, DB } as Env;
    const CURSOR = 1;
    await advance(counted, databaseOf({ DB }), postbacks, LATER);
    expect(written - CURSOR).toBe(2 * EVENTS);
    written = 0;
    const { env: own, budget } = metered(counted, "postbacks", {});
    while ((await sendDue(own, databaseOf(own), made.id, budget, () => LATER)) === "more");
    expect(written).toBe(3 * EVENTS);
    // Without a target, no row is written except the cursor's.
    written = 0;
    await log({ project_id, event_type: "spin" }, { project_id, event_type: "visit" });
    await advance(counted, databaseOf({ DB }), postbacks, LATER);
    expect(written).toBe(CURSOR);
  });
});

describe("a project without a target", () => {
  it("makes no work for postbacks of its events", async () => {
    await db.run(sql`DELETE FROM postback_targets`);
    const project_id = await newProject();
    expect(await log({ project_id })).toMatchObject({ stored: 1, has_targets: false });
    const made = await makeTarget(project_id, { url: await receiver({}) });
    expect(await log({ project_id })).toMatchObject({ stored: 1, has_targets: true });
    await ask("DELETE", `/${made.id}`);
    expect(await log({ project_id })).toMatchObject({ stored: 1, has_targets: false });
  });
});
