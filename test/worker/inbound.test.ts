/** Inbound postbacks, through the real route, queue and log: a network's event counts once, and its decisions apply in order. */
import { env, SELF } from "cloudflare:test";
import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import type { ShownSource, WaitingView } from "../../worker/admin/sources.ts";
import { sign } from "../../worker/collect/signature.ts";
import { wake } from "../../worker/duties/duty.ts";
import { BETWEEN_PASSES_MS } from "../../worker/erasure/steps.ts";
import { PRESET_NAMES, PRESETS, type PresetName } from "../../worker/inbound/presets.ts";
import { MOST_WAITING, SHOWN_MS, WAITS_MS } from "../../worker/inbound/received.ts";
import { NAME, settle } from "../../worker/inbound/settling.ts";
import { amountOf, readPostback, type Template } from "../../worker/inbound/template.ts";
import { metered } from "../../worker/store/budget.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { answerOf, call, HOST } from "./api.ts";
import { watched } from "./database.ts";
import { runDuty } from "./duty.ts";
import { gate, unwoken } from "./gate.ts";
import { ADMIN } from "./keys.ts";
import { ask as knock } from "./knock.ts";
import { createProject, db } from "./log.ts";

const WAIT = { timeout: 200_000, interval: 100 };
const HOUR_MS = 3_600_000;

let projects = 0;
async function newProject(): Promise<string> {
  const project_id = `networks-${++projects}`;
  await createProject(project_id, { currency: "EUR" });
  return project_id;
}
const makeSource = (project_id: string, more: object = {}) =>
  answerOf<ShownSource>("POST", "/sources", {
    project_id,
    name: "network",
    preset: "generic",
    template: { defaults: { currency: "EUR" }, statuses: { sale: { status: "approved" } } },
    ...more,
  });
const send = (url: string, query: string, init: RequestInit = {}) => SELF.fetch(`${url}?${query}`, init);
/** Accepted: stored in the database. */
async function tell(url: string, query: string): Promise<void> {
  const answer = await send(url, query);
  expect([answer.status, await answer.json()]).toEqual([200, { status: "accepted" }]);
}
const click = async (project_id: string, click_id: string, more = "visitor_id=v-1&btag=summer") => {
  const sent = await SELF.fetch(`${HOST}/visit?project_id=${project_id}&click_id=${click_id}&${more}`);
  expect(sent.status).toBe(200);
  await vi.waitFor(
    async () =>
      expect(
        await db.all(sql`SELECT 1 FROM events WHERE project_id = ${project_id} AND click_id = ${click_id}`),
      ).toHaveLength(1),
    WAIT,
  );
};
const waitingOf = async ({ id }: { id: string }) =>
  (await answerOf<{ rows: WaitingView[] }>("GET", `/sources/${id}/waiting`)).rows;
/** Waits until only `left` of a project's postbacks are not processed. */
const settled = (project_id: string, left = 0) =>
  vi.waitFor(async () => {
    await wake(env, [NAME]);
    const rows = await db.all(sql`SELECT 1 FROM received_postbacks WHERE project_id = ${project_id}`);
    expect(rows).toHaveLength(left);
  }, WAIT);
type Logged = {
  event_id: string;
  event_type: string;
  player_id: string | null;
  visitor_id: string | null;
  banner_tag: string | null;
  amount: number | null;
  currency: string | null;
  transaction_id: string | null;
  trusted: number;
  duplicate_of: string | null;
  data: string | null;
};
const paid = (project_id: string) =>
  db.all<Logged>(sql`SELECT event_id, event_type, player_id, visitor_id, banner_tag, amount, currency, transaction_id, trusted,
    duplicate_of, data FROM events WHERE project_id = ${project_id} AND event_type <> 'visit' AND test = 0 ORDER BY seq`);
const changesOf = (project_id: string) =>
  db.all<{ status: string | null; amount: number | null; currency: string | null; actor: string; reason: string }>(
    sql`SELECT status, amount, currency, actor, reason FROM conversion_changes WHERE project_id = ${project_id} ORDER BY seq, n`,
  );
const changed = async (project_id: string) =>
  (await changesOf(project_id)).map(({ status, amount }) => status ?? (amount as number) / 10_000);
/** Waits until the Durable Object has run, and no sent postback is left to process. */
const idle = () =>
  vi.waitFor(async () => {
    expect(await env.RUNNER.getByName(NAME).bringForward(NAME, 0, 60_000)).toBe(true);
    expect(await db.all(sql`SELECT n FROM received_postbacks WHERE sent_at IS NOT NULL`)).toEqual([]);
  }, WAIT);
/** Runs of the test, one at a time, without the Durable Object. */
const run = (bindings: Env = unwoken, now = Date.now()) => {
  const { env: own, budget } = metered(bindings, NAME);
  return settle(own, db, budget, now);
};

describe("a postback", () => {
  it("becomes an event of its click's visitor and tag, and later ones change its conversion, with their history", async () => {
    const project_id = await newProject();
    await answerOf<RuleView>("POST", "/payout-rules", {
      project_id,
      name: "from 11 on",
      banner_tags: ["summer"],
      valid_from: "2020-01-01",
      currency: "EUR",
      event_type: "deposit",
      amount: "5.00",
      min_amount: "11.00",
    });
    const { url } = await makeSource(project_id);
    await click(project_id, "c-1");
    await tell(url, "click_id=c-1&transaction_id=T-1&amount=10.00&status=pending");
    await settled(project_id);
    const [event, ...others] = await paid(project_id);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      event_type: "deposit",
      player_id: null,
      visitor_id: "v-1",
      banner_tag: "summer",
      amount: 100_000,
      currency: "EUR",
      transaction_id: "T-1",
      trusted: 1,
    });
    expect(await changed(project_id)).toEqual([]);

    const conversion = async () =>
      answerOf<{ status: string; amount: string; payout: string; history: object[] }>(
        "GET",
        `/conversions/${event?.event_id}?project_id=${project_id}`,
      );
    expect(await conversion()).toMatchObject({ status: "pending", amount: "10.00", payout: "0.00", history: [] });
    const told = async (query: string) => {
      await tell(url, `transaction_id=T-1&click_id=c-1&${query}`);
      await settled(project_id);
      const { status, amount, payout, history } = await conversion();
      return [status, amount, payout, history.length];
    };
    expect(await told("status=sale&amount=10.00")).toEqual(["approved", "10.00", "0.00", 1]);
    // Two corrections of the amount, and the same again.
    expect(await told("status=sale&amount=12.50")).toEqual(["approved", "12.50", "5.00", 2]);
    expect(await told("status=sale&amount=30")).toEqual(["approved", "30.00", "5.00", 3]);
    expect(await told("status=sale&amount=30")).toEqual(["approved", "30.00", "5.00", 3]);
    // A late postback with an earlier status reverts nothing.
    expect(await told("status=pending&amount=30")).toEqual(["approved", "30.00", "5.00", 3]);
    expect(await told("status=rejected")).toEqual(["rejected", "30.00", "0.00", 4]);
    // Nor does a repeated earlier postback.
    expect(await told("status=sale&amount=30")).toEqual(["rejected", "30.00", "0.00", 4]);
    expect(await told("status=sale&amount=12.50")).toEqual(["rejected", "30.00", "0.00", 4]);
    expect(await told("status=SALE")).toEqual(["approved", "30.00", "5.00", 5]);
    expect(await told("status=rejected")).toEqual(["approved", "30.00", "5.00", 5]);
    expect(await told("status=refunded")).toEqual(["refunded", "30.00", "0.00", 6]);
    // Repeated earlier postbacks pay nothing again, and restore no old amount.
    expect(await told("status=sale&amount=30")).toEqual(["refunded", "30.00", "0.00", 6]);
    expect(await told("amount=12.50")).toEqual(["refunded", "30.00", "0.00", 6]);
    expect(await told("status=charged_back&amount=30&currency=USD")).toEqual(["charged_back", "30.00", "0.00", 7]);
    expect(await told("status=refunded")).toEqual(["charged_back", "30.00", "0.00", 7]);
    expect(await changesOf(project_id)).toMatchObject([
      {
        actor: "source network",
        status: "approved",
        amount: null,
        reason: "Postback of the source network, which calls it “sale”.",
      },
      { status: null, amount: 125_000, currency: "EUR" },
      { status: null, amount: 300_000 },
      { status: "rejected", amount: null },
      { status: "approved" },
      { status: "refunded" },
      { status: "charged_back", amount: 300_000, currency: "USD" },
    ]);
    expect(await paid(project_id)).toHaveLength(1);
  }, 600_000);

  it("waits for its click, as do later ones, and all are processed in order when it arrives, also after days", async () => {
    const project_id = await newProject();
    const source = await makeSource(project_id);
    await tell(source.url, "click_id=late&transaction_id=T-1&amount=10");
    await tell(source.url, "click_id=late&transaction_id=T-1&amount=12&status=sale");
    await tell(source.url, "click_id=never&transaction_id=T-2&amount=1");
    await tell(source.url, "click_id=late&transaction_id=T-3&amount=7&status=rejected");
    await run();
    expect(
      (await waitingOf(source)).map(({ transaction_id, reason, amount }) => [transaction_id, reason, amount]),
    ).toEqual([
      ["T-3", "unknown_transaction", "7.00"],
      ["T-2", "unknown_click", "1.00"],
      ["T-1", "unknown_click", "12.00"],
      ["T-1", "unknown_click", "10.00"],
    ]);
    expect(await paid(project_id)).toEqual([]);
    await click(project_id, "late", "player_id=anna&btag=winter");
    await settled(project_id, 2);
    expect(await paid(project_id)).toMatchObject([
      { player_id: "anna", banner_tag: "winter", amount: 100_000, transaction_id: "T-1" },
    ]);
    expect(await changesOf(project_id)).toMatchObject([{ status: "approved", amount: 120_000 }]);
    // Rejected before the click was known: both count, in their order of arrival.
    await tell(source.url, "click_id=late&transaction_id=T-3&amount=7&status=sale");
    await settled(project_id, 1);
    expect((await changed(project_id)).slice(1)).toEqual(["rejected", "approved"]);

    // At the end of each hour all waiting postbacks are checked, for seven days.
    const hour = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS;
    await click(project_id, "never", "player_id=bert&btag=spring");
    const at = (await db.get<{ at: number }>(sql`SELECT max(received_at) AS at FROM received_postbacks`))?.at ?? 0;
    await run(unwoken, Math.ceil((at + WAITS_MS) / HOUR_MS) * HOUR_MS + HOUR_MS);
    expect(await waitingOf(source)).toMatchObject([{ transaction_id: "T-2", reason: "unknown_click" }]);
    await run(unwoken, hour + 5 * HOUR_MS);
    expect(await waitingOf(source)).toMatchObject([{ transaction_id: "T-2", reason: "not_in_the_log" }]);
    await settled(project_id);
    expect((await paid(project_id)).map(({ player_id }) => player_id)).toEqual(["anna", "anna", "bert"]);
  }, 600_000);

  it("without a click is shown for 30 days", async () => {
    const project_id = await newProject();
    const source = await makeSource(project_id);
    await tell(source.url, "click_id=never&transaction_id=T-1");
    const came = Date.parse((await waitingOf(source))[0]?.received_at ?? "");
    const hour = Math.floor((came + SHOWN_MS) / HOUR_MS) * HOUR_MS;
    await run(unwoken, hour);
    expect(await waitingOf(source)).toHaveLength(1);
    await run(unwoken, hour + HOUR_MS);
    expect(await waitingOf(source)).toEqual([]);
  });

  it("is accepted as a query, a form and JSON, and one that names a player needs no click", async () => {
    const project_id = await newProject();
    const template = { fields: { "data.offer": "offer" } };
    const { url } = await makeSource(project_id, { template });
    const post = (type: string, body: string) =>
      SELF.fetch(url, { method: "POST", headers: { "content-type": type }, body }).then(({ status }) => status);
    expect(await post("application/x-www-form-urlencoded", "player_id=p&transaction_id=a&amount=1.5&offer=12")).toBe(
      200,
    );
    expect(
      await post(
        "application/json",
        '{"player_id":7,"transaction_id":90071992547409931,"amount":2.5,"banner_tag":"t"}',
      ),
    ).toBe(200);
    // A test event is processed completely, and is no conversion.
    await tell(url, "player_id=p&transaction_id=of-test&amount=9&test=1&status=approved");
    expect(await post("application/json", "[1]")).toBe(400);
    expect(await post("text/plain", "x".repeat(40_000))).toBe(413);
    await settled(project_id);
    expect(await paid(project_id)).toMatchObject([
      { player_id: "p", transaction_id: "a", amount: 15_000, currency: "USD", data: '{"offer":"12"}' },
      { player_id: "7", transaction_id: "90071992547409931", amount: 25_000, banner_tag: "t" },
    ]);
    await vi.waitFor(async () => {
      const tests = sql`SELECT transaction_id FROM events WHERE project_id = ${project_id} AND test = 1`;
      expect(await db.all(tests)).toEqual([{ transaction_id: "of-test" }]);
    }, WAIT);
    expect(await changesOf(project_id)).toEqual([]);
  }, 600_000);

  it("that is older by its network's clock reverts nothing, in whichever order they arrive", async () => {
    const project_id = await newProject();
    const { url } = await makeSource(project_id);
    const now = Date.now();
    const told = (hour: number, query: string) =>
      tell(url, `player_id=p&transaction_id=T-1&timestamp=${now - (24 - hour) * HOUR_MS}&${query}`);
    await told(1, "amount=10&status=pending");
    await told(4, "amount=12&status=rejected");
    await told(3, "amount=11&status=sale");
    await settled(project_id);
    expect(await changesOf(project_id)).toMatchObject([{ status: "rejected", amount: 120_000 }]);
    await told(2, "amount=9&status=sale");
    await settled(project_id);
    await told(5, "status=sale");
    await settled(project_id);
    await told(4, "amount=12&status=rejected");
    await settled(project_id);
    // With equal times, the one that arrived later counts.
    await told(5, "status=refunded");
    await settled(project_id);
    expect(await changed(project_id)).toEqual(["rejected", "approved", "refunded"]);
  }, 600_000);

  it("replaces an event without a key or signature, and decides about one that was sent with a key", async () => {
    const project_id = await newProject();
    const { url } = await makeSource(project_id);
    const open = await SELF.fetch(
      `${HOST}/deposit?project_id=${project_id}&player_id=p&btag=t&amount=99&currency=EUR&transaction_id=T-1`,
    );
    expect(open.status).toBe(200);
    const known = { event_type: "deposit", player_id: "q", amount: "20", currency: "EUR", transaction_id: "T-2" };
    await answerOf("POST", "/events", { ...known, project_id });
    await vi.waitFor(async () => expect(await paid(project_id)).toHaveLength(2), WAIT);
    await tell(url, "player_id=p&transaction_id=T-1&amount=9&status=rejected");
    await tell(url, "player_id=q&transaction_id=T-2&amount=20&status=sale");
    await settled(project_id);
    expect(
      (await paid(project_id)).map(({ amount, trusted, duplicate_of }) => [amount, trusted, duplicate_of !== null]),
    ).toEqual([
      [990_000, 0, true],
      [200_000, 1, false],
      [90_000, 1, false],
    ]);
    expect(await changed(project_id)).toEqual(["approved", "rejected"]);
  }, 600_000);
});

describe("a postback that is sent repeatedly or interrupted", () => {
  it("counts once, also when sent at the same time; and two concurrent runs record a decision once", async () => {
    const project_id = await newProject();
    const { url } = await makeSource(project_id);
    await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        tell(url, `player_id=p&transaction_id=T-1&amount=10&status=${n % 2 ? "sale" : "pending"}`),
      ),
    );
    await settled(project_id);
    expect(await paid(project_id)).toMatchObject([{ transaction_id: "T-1", duplicate_of: null }]);
    expect(await changed(project_id)).toEqual(["approved"]);

    // Without the Durable Object, which never runs twice at once.
    await idle();
    await knock(`${new URL(url).pathname}?player_id=p&transaction_id=T-1&status=rejected`, { bindings: unwoken });
    const held = gate("batch");
    const first = settle(metered(held.env, NAME).env, databaseOf(held.env), metered(held.env, NAME).budget, Date.now());
    expect(await held.reached(first)).toBe(true);
    await run();
    held.open();
    await first;
    expect(await changed(project_id)).toEqual(["approved", "rejected"]);
  }, 600_000);

  it("has its event sent in the end, and counts once, when its run is stopped or the queue fails", async () => {
    const project_id = await newProject();
    const source = await makeSource(project_id);
    await idle();
    const path = `${new URL(source.url).pathname}?player_id=p&transaction_id=T-1&amount=3&status=sale`;
    expect((await knock(path, { bindings: unwoken })).status).toBe(200);
    const broken = {
      ...unwoken,
      PLAN: "paid",
      EVENTS: { send: () => Promise.reject(new Error("the queue is away")) },
    } as unknown as Env;
    await expect(run(broken)).rejects.toThrow("the queue is away");
    expect(await waitingOf(source)).toMatchObject([{ reason: "not_in_the_log", transaction_id: "T-1" }]);
    // Stopped between sending and recording it.
    const held = gate("batch");
    const stopped = settle(
      metered(held.env, NAME).env,
      databaseOf(held.env),
      metered(held.env, NAME).budget,
      Date.now(),
    );
    expect(await held.reached(stopped)).toBe(true);
    await settled(project_id);
    held.open();
    await stopped;
    expect(await paid(project_id)).toMatchObject([{ transaction_id: "T-1", duplicate_of: null }]);
    expect(await changed(project_id)).toEqual(["approved"]);
  }, 600_000);
});

describe("the route", () => {
  let project_id: string;
  let source: ShownSource;
  beforeAll(async () => {
    project_id = await newProject();
    source = await makeSource(project_id);
  });
  const GOOD = "player_id=p&transaction_id=T-1&amount=1";
  const refusal = async (answer: Response) => {
    const { status, errors } = await answer.json<{ status: number; errors?: { field: string; code: string }[] }>();
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    return [status, ...(errors ?? []).map(({ field, code }) => `${code} ${field}`)];
  };

  it("says what is wrong, with the network's names; each refusal is in the request log, and no secret is", async () => {
    const bare = `${HOST}/postback/${project_id}.network`;
    const refused = async (url: string, query: string, init?: RequestInit) => refusal(await send(url, query, init));
    expect(await refused(`${HOST}/postback/${project_id}.nobody/x`, GOOD)).toEqual([404, "not_allowed source"]);
    expect(await refused(bare, GOOD)).toEqual([401, "bad_signature token"]);
    expect(await refused(`${bare}/${source.token}0`, GOOD)).toEqual([401, "bad_signature token"]);
    expect(await refused(bare, GOOD, { headers: { authorization: "Bearer guessed" } })).toEqual([
      401,
      "bad_signature token",
    ]);
    expect(await refused(source.url, "player_id=p&amount=1")).toEqual([400, "missing transaction_id"]);
    expect(await refused(source.url, "transaction_id=T-1")).toEqual([400, "missing click_id"]);
    expect(await refused(source.url, `${GOOD}&status=unheard`)).toEqual([400, "invalid status"]);
    expect(await refused(source.url, `${GOOD}&status={status}`)).toEqual([400, "unexpanded_macro status"]);
    expect(await refused(source.url, `${GOOD}&amount=2`)).toEqual([400, "repeated amount"]);
    expect(await refused(source.url, "click_id={clickid}&transaction_id={tid}")).toEqual([
      400,
      "unexpanded_macro click_id",
      "unexpanded_macro transaction_id",
    ]);
    expect(await refused(source.url, "player_id=p&transaction_id=T-1&amount={payout}")).toEqual([
      400,
      "unexpanded_macro amount",
    ]);
    expect((await SELF.fetch(source.url, { method: "HEAD" })).status).toBe(405);
    await answerOf("PATCH", `/sources/${source.id}`, { paused: true });
    expect(await refused(source.url, GOOD)).toEqual([409, "not_allowed source"]);
    await answerOf("PATCH", `/sources/${source.id}`, { paused: false });
    type Requests = {
      counts: { by_reason: { door: string; code: string; field: string; total: number }[] };
      rows: object[];
    };
    await vi.waitFor(async () => {
      const log = await answerOf<Requests>("GET", `/requests?project_id=${project_id}&status=rejected`);
      const total = log.counts.by_reason
        .filter(({ door }) => door === "postback")
        .reduce((sum, one) => sum + one.total, 0);
      expect(total).toBe(13);
      expect(JSON.stringify(log)).not.toContain(source.token);
    }, WAIT);
    const kept = await db.all(sql`SELECT * FROM postback_sources WHERE id = ${source.id}`);
    const audit = await answerOf("GET", `/audit?project_id=${project_id}`);
    expect(JSON.stringify([kept, audit])).not.toContain(source.token);
    expect(await waitingOf(source)).toEqual([]);
  }, 600_000);

  it("accepts the token in a header or a valid signature, or needs both; a new secret replaces the old one at once", async () => {
    const bearer = (token: string | null) => ({ headers: { authorization: `Bearer ${token}` } });
    expect((await send(`${HOST}/postback/${project_id}.network`, GOOD, bearer(source.token))).status).toBe(200);
    const signed = await makeSource(project_id, { name: "signed", secured_by: "signature" });
    expect(signed.token).toBeNull();
    const both = await makeSource(project_id, { name: "both", secured_by: "both" });
    const pairs = new URLSearchParams(GOOD);
    const withSig = async ({ signing_secret }: ShownSource) =>
      `${GOOD}&sig=${await sign([...pairs], signing_secret ?? "")}`;
    expect((await send(signed.url, await withSig(signed))).status).toBe(200);
    const other = (await withSig(signed)).replace("amount=1", "amount=100");
    expect(await refusal(await send(signed.url, other))).toEqual([401, "bad_signature sig"]);
    expect(await refusal(await send(signed.url, GOOD))).toEqual([401, "bad_signature sig"]);
    expect((await send(both.url, await withSig(both))).status).toBe(200);
    expect(await refusal(await send(both.url, GOOD))).toEqual([401, "bad_signature sig"]);
    expect(await refusal(await send(`${HOST}/postback/${project_id}.both`, await withSig(both)))).toEqual([
      401,
      "bad_signature token",
    ]);
    const renewed = await answerOf<ShownSource>("PATCH", `/sources/${source.id}`, { new_secret: true });
    expect((await send(source.url, GOOD)).status).toBe(401);
    expect((await send(renewed.url, GOOD)).status).toBe(200);
    source = renewed;
    await settled(project_id);
    expect(await paid(project_id)).toHaveLength(1);
  }, 600_000);

  it("answers 503 while the database is away, and 429 when too many postbacks wait", async () => {
    const path = `${new URL(source.url).pathname}?${GOOD}`;
    const { bindings, seen } = watched();
    seen.away = true;
    const away = await knock(path, { bindings });
    expect([away.status, away.headers.get("retry-after")]).toEqual([503, "5"]);
    await db.run(sql`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MOST_WAITING})
      INSERT INTO received_postbacks (project_id, source, event_type, event_id, click_id, test, event, received_at)
      SELECT ${project_id}, 'network', 'deposit', 'e-' || i, 'never', 0, '{}', 0 FROM n`);
    const full = await knock(path, { bindings: unwoken });
    expect([full.status, full.headers.get("retry-after")]).toEqual([429, "600"]);
    await answerOf("DELETE", `/sources/${source.id}`);
    expect(await db.all(sql`SELECT 1 FROM received_postbacks WHERE project_id = ${project_id}`)).toEqual([]);
    expect((await knock(path)).status).toBe(404);
  }, 600_000);

  it("of the project `default` has only the source's name in its address", async () => {
    const { url, token } = await makeSource("default", { name: "plain" });
    expect(url).toBe(`${HOST}/postback/plain/${token}`);
    expect((await knock(`/postback/plain/${token}?${GOOD}`, { bindings: unwoken })).status).toBe(200);
  });
});

describe("a template", () => {
  const TEMPLATE: Template = {
    fields: {
      click_id: "cid",
      transaction_id: ["cid", "tx"],
      amount: "sum",
      currency: "cur",
      status: "st",
      timestamp: "at",
      "data.s1": "sub",
    },
    defaults: { event_type: "deposit", currency: "JPY" },
    statuses: {
      reg: { event_type: "registration" },
      dep: { event_type: "deposit", status: "approved" },
      "2": { status: "rejected" },
    },
    amounts: "minor",
  };
  const NOW = Date.parse("2026-06-10T12:00:00Z");
  const read = (sent: Record<string, unknown>, template = TEMPLATE) =>
    readPostback(Object.entries(sent), template, NOW);

  it("reads names, statuses, times in seconds, and amounts in the smallest unit of their currency", () => {
    expect(
      read({ cid: "c", tx: "7", sum: "1250", cur: "eur", st: "DEP", at: "1781000000", sub: "a", other: "b" }),
    ).toEqual({
      ok: true,
      said: {
        event: {
          event_type: "deposit",
          click_id: "c",
          transaction_id: "c-7",
          amount: 125_000,
          currency: "EUR",
          timestamp: 1_781_000_000_000,
          data: '{"s1":"a"}',
        },
        status: "approved",
        said: "DEP",
      },
    });
    expect(read({ cid: "c", sum: "1250", st: "2" })).toMatchObject({
      said: { event: { transaction_id: "c", amount: 12_500_000, currency: "JPY" }, status: "rejected" },
    });
    expect(read({ cid: "c", st: "reg" })).toMatchObject({
      said: { event: { event_type: "registration" }, status: null },
    });
    expect(read({ cid: "c", sum: "12.50" })).toMatchObject({ errors: [{ field: "amount", code: "invalid" }] });
    expect(read({ cid: "c", sum: "-5" })).toMatchObject({ errors: [{ field: "amount", code: "invalid" }] });
    expect(read({ cid: "c", at: "soon" })).toMatchObject({
      errors: [{ field: "timestamp", message: "timestamp must be ISO 8601 or epoch milliseconds (sent as at)" }],
    });
  });

  it.each([
    ["1.234,50", "comma", "EUR", "1234.50"],
    ["12", "comma", "EUR", "12"],
    ["1,234.50", "comma", "EUR", null],
    ["{payout}", "comma", "EUR", "{payout}"],
    ["5", "minor", "EUR", "0.05"],
    ["5", "minor", "JPY", "5"],
    ["1234", "minor", "KWD", "1.234"],
    ["12.5", "point", "EUR", "12.5"],
  ] as const)("reads %s with %s of %s", (text, form, currency, as) => expect(amountOf(text, form, currency)).toBe(as));

  /** Examples of the networks' documentation, and for `generic` the names of this product. */
  const SENT: Record<PresetName, readonly [query: string, said: object][]> = {
    generic: [
      [
        "click_id=c&transaction_id=T-1&amount=2.50&currency=EUR&status=pending",
        { event: { click_id: "c", transaction_id: "T-1", amount: 25_000, currency: "EUR" }, said: "pending" },
      ],
    ],
    keitaro: [
      [
        "subid=1dad2cg1&status=lead&payout=10&currency=eur&tid=2",
        {
          event: { click_id: "1dad2cg1", transaction_id: "1dad2cg1-2", amount: 100_000, currency: "EUR" },
          status: "pending",
        },
      ],
      ["subid=1dad2cg1&payout=10", { status: "approved", said: "sale" }],
    ],
    voluum: [["cid=w1&payout=2.5&txid=9", { event: { transaction_id: "w1-9", currency: "USD" } }]],
    kuala: [
      [
        "tid=a&payout=0.99&xid=&offer=5&subid1=",
        { event: { click_id: "a", transaction_id: "a", amount: 9_900, data: '{"offer":"5"}' } },
      ],
    ],
  };
  it.each(PRESET_NAMES)("of the preset %s reads what the network sends", (name) => {
    for (const [query, said] of SENT[name])
      expect(readPostback([...new URLSearchParams(query)], PRESETS[name], NOW)).toMatchObject({ said });
  });

  it("that cannot work is refused, with each wrong field", async () => {
    const project_id = await newProject();
    const made = await call("POST", "/sources", {
      project_id,
      name: "n",
      template: { fields: { payout: "p", amount: "a", click_id: "token" }, defaults: { event_type: "No" } },
    });
    expect(await made.json()).toMatchObject({ status: 400, errors: [{ field: "template.fields.click_id" }] });
    const next = await call("POST", "/sources", {
      project_id,
      name: "n",
      template: { fields: { payout: "p", amount: "a" }, defaults: { event_type: "No" } },
    });
    const { errors } = await next.json<{ errors: { field: string }[] }>();
    expect(errors.map(({ field }) => field)).toEqual([
      "template.fields.payout",
      "template.fields.transaction_id",
      "template.fields.click_id",
      "template.fields.currency",
      "template.defaults.event_type",
    ]);
  });
});

it("waiting postbacks of an erased person are removed, by name and by click, with mentions in those of others", async () => {
  const project_id = await newProject();
  const source = await makeSource(project_id, { template: { fields: { "data.friend": "friend" } } });
  await click(project_id, "of-alice", "player_id=alice-77&btag=t");
  const path = new URL(source.url).pathname;
  const quietly = async (query: string) =>
    expect((await knock(`${path}?${query}`, { bindings: unwoken })).status).toBe(200);
  await quietly("click_id=other&player_id=alice-77&transaction_id=T-1&status=rejected");
  await quietly("click_id=of-alice&transaction_id=T-2&status=rejected");
  await quietly("click_id=of-bert&transaction_id=T-3&friend=alice-77");
  // Until then it is part of the person's data, and counted.
  type Exported = { network_postbacks: { source: string; click_id: string; event: { transaction_id: string } }[] };
  const exported = await answerOf<Exported>("GET", `/players/alice-77/export?project_id=${project_id}`);
  expect(
    exported.network_postbacks.map(({ source: name, click_id, event }) => [name, click_id, event.transaction_id]),
  ).toEqual([
    ["network", "other", "T-1"],
    ["network", "of-alice", "T-2"],
  ]);
  const counted = async () => {
    const metrics = await SELF.fetch(`${HOST}/metrics?project_id=${project_id}`, { headers: ADMIN });
    return /^edgepixel_network_postbacks_waiting\{.*\} (\d+)$/m.exec(await metrics.text())?.[1];
  };
  expect(await counted()).toBe("3");
  await answerOf("DELETE", `/players/alice-77?project_id=${project_id}`);
  await runDuty("erasures", unwoken);
  await runDuty("erasures", unwoken, Date.now() + 2 * BETWEEN_PASSES_MS);
  const left = await db.all<{ transaction_id: string; event: string }>(
    sql`SELECT * FROM received_postbacks WHERE project_id = ${project_id}`,
  );
  expect(left.map(({ transaction_id }) => transaction_id)).toEqual(["T-3"]);
  expect(JSON.stringify(left)).not.toContain("alice");
  expect(await counted()).toBe("1");
}, 600_000);

it("a postback costs no more rows than the docs say", async () => {
  const project_id = await newProject();
  const source = await makeSource(project_id);
  await click(project_id, "c-1");
  const written: number[] = [];
  const counting = {
    ...unwoken,
    DB: new Proxy(env.DB, {
      get: (real, name) =>
        name === "batch"
          ? async (statements: D1PreparedStatement[]) => {
              const results = await real.batch(statements);
              written.push(...results.map(({ meta }) => meta.rows_written));
              return results;
            }
          : Reflect.get(real, name).bind(real),
    }),
  } as Env;
  await idle();
  const path = new URL(source.url).pathname;
  await knock(`${path}?click_id=c-1&transaction_id=T-1&amount=3`, { bindings: counting });
  const kept = written.splice(0).at(-1);
  const { env: own, budget } = metered(counting, NAME);
  await settle(own, databaseOf(counting), budget, Date.now());
  const sent = written.splice(0);
  await vi.waitFor(async () => expect(await paid(project_id)).toHaveLength(1), WAIT);
  await settle(own, databaseOf(counting), budget, Date.now());
  const sum = (rows: readonly number[]) => rows.reduce((all, one) => all + one, 0);
  expect(kept).toBe(2);
  expect(sum(sent)).toBe(2);
  expect(sum(written)).toBeLessThanOrEqual(3);
  expect(sum(written)).toBeGreaterThan(0);
}, 600_000);
