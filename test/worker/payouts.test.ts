/** Payout rules, conversions and statements through the API. */
import { sql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import type { ClickRuleView } from "../../worker/admin/click-rules.ts";
import type { DecidedAll } from "../../worker/admin/conversions.ts";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import { BETWEEN_PASSES_MS } from "../../worker/erasure/steps.ts";
import { storeRates } from "../../worker/rates/rate.ts";
import type { ConversionView } from "../../worker/reports/conversions.ts";
import type { Statement } from "../../worker/reports/statements.ts";
import { transact } from "../../worker/store/database.ts";
import { answerOf, call, get, read } from "./api.ts";
import { runDuty, runOnce } from "./duty.ts";
import { gate, unwoken } from "./gate.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

const JUNE = Date.parse("2026-06-10T12:00:00Z");
const DAY = 86_400_000;
const MONTH = "month=2026-06";
const DAYS = "from=2026-06-01&to=2026-06-30";

let projects = 0;
async function newProject(): Promise<string> {
  const project_id = `affiliates-${++projects}`;
  await createProject(project_id, { currency: "EUR" });
  return project_id;
}
const newRule = (project_id: string, rule: object) => ({
  project_id,
  name: "a rule",
  valid_from: "2026-06-01",
  ...rule,
});
const makeRule = (project_id: string, rule: object) =>
  answerOf<RuleView>("POST", "/payout-rules", newRule(project_id, rule));
const conversionsOf = async (project_id: string, more = "") =>
  (await read<{ rows: ConversionView[]; complete: boolean }>(`/conversions?project_id=${project_id}&${DAYS}${more}`))
    .rows;
const oneOf = (project_id: string, event_id: string) =>
  read<ConversionView & { history: { status: string; reason: string; actor: string }[] }>(
    `/conversions/${event_id}?project_id=${project_id}`,
  );
const statementOf = (project_id: string, headers: HeadersInit = ADMIN) =>
  read<Statement>(`/statements?project_id=${project_id}&${MONTH}`, headers);
const decide = (project_id: string, event_id: string, decision: string) =>
  call("POST", `/conversions/${event_id}/${decision}?project_id=${project_id}`, {
    reason: `to ${decision}`,
  }).then((answer) => answer.json<{ status: unknown }>());

type Given = Partial<Parameters<typeof storedEvent>[0]>;
async function log(project_id: string, ...events: Given[]): Promise<void> {
  await deliver([
    {
      events: events.map((event, n) =>
        storedEvent({
          project_id,
          event_type: "deposit",
          banner_tag: "mine",
          player_id: "p",
          timestamp: JUNE + n,
          amount: 250_000,
          currency: "EUR",
          ...event,
        }),
      ),
    },
  ]);
  await settle();
}
const payouts = (rows: ConversionView[]) => Object.fromEntries(rows.map(({ event_id, payout }) => [event_id, payout]));

const newClickRule = (project_id: string, rule: object) => ({
  project_id,
  name: "Look",
  valid_from: "2026-06-01",
  ...rule,
});
const makeClickRule = (project_id: string, rule: object) =>
  answerOf<ClickRuleView>("POST", "/click-rules", newClickRule(project_id, rule));
const MINUTE = 60_000;

describe("before the first event of an instance", () => {
  it("a rule leaves no work for the duty, which would otherwise run again and again", async () => {
    await makeRule(await newProject(), { event_type: "registration", amount: "10", hold_days: 0 });
    expect((await runOnce("payouts")).progress).toBe("done");
  });
});

describe("a click rule", () => {
  const registration = (n: number, more: Given = {}): Given => ({
    event_id: `r${n}`,
    event_type: "registration",
    player_id: `p${n}`,
    amount: null,
    currency: null,
    timestamp: JUNE + n * MINUTE,
    source_ip: "192.0.2.0",
    user_agent: "Firefox",
    ...more,
  });
  const flagsOf = async (project_id: string) =>
    Object.fromEntries((await conversionsOf(project_id)).map(({ event_id, flags }) => [event_id, flags]));

  it("flags conversions too soon or too late after a click, keeps them out until they are approved, and says why", async () => {
    const project_id = await newProject();
    const visit = (n: number, at: number) => registration(n, { event_id: `v${n}`, event_type: "visit", timestamp: at });
    await log(project_id, visit(1, JUNE + MINUTE - 3_000), registration(1));
    await log(project_id, visit(2, JUNE + 2 * MINUTE - 60_000), registration(2), registration(3));
    await log(project_id, visit(4, JUNE - 2 * DAY), registration(4));
    await makeRule(project_id, { event_type: "registration", amount: "10", hold_days: 0 });
    const { id } = await makeClickRule(project_id, { name: "Fast", kind: "too_fast", seconds: 10 });
    await makeClickRule(project_id, { name: "Late", kind: "too_late", seconds: 86_400 });
    expect(await flagsOf(project_id)).toEqual({
      r1: "The click rule “Fast” (version 1) flags it: it came 3 seconds after its click, and less than 10 seconds is too fast.",
      r2: "",
      r3: "",
      r4: "The click rule “Late” (version 1) flags it: it came 2 days 4 minutes after its click, and more than 1 day is too late.",
    });
    const flagged = await oneOf(project_id, "r1");
    expect(flagged).toMatchObject({ status: "pending", payout: "0.00", reason: "flagged", approved_at: null });
    expect(flagged.explanation).toContain("It pays nothing until somebody approves it.");
    expect((await statementOf(project_id)).totals).toMatchObject([{ approved: "20.00", pending: "0.00" }]);

    // A late visit is its click.
    await log(project_id, visit(5, JUNE + 2 * MINUTE - 5_000), {
      ...visit(6, JUNE + 3 * MINUTE - 1_000),
      player_id: "p3",
    });
    expect((await flagsOf(project_id)).r3).toContain("1 second after its click");
    expect((await flagsOf(project_id)).r2).toBe("");

    await decide(project_id, "r1", "approve");
    const approved = await oneOf(project_id, "r1");
    expect(approved).toMatchObject({ status: "approved", payout: "10.00", reason: "paid", flags: flagged.flags });

    // A change applies again to the days from its first one on; decisions stay.
    await answerOf("PATCH", `/click-rules/${id}`, { seconds: 2, valid_from: "2026-06-01" });
    expect(await flagsOf(project_id)).toMatchObject({ r1: "", r3: expect.stringContaining("(version 2)") });
    await answerOf("DELETE", `/click-rules/${id}?valid_from=2026-06-11`);
    expect((await flagsOf(project_id)).r3).not.toBe("");
    await answerOf("DELETE", `/click-rules/${id}?valid_from=2026-06-10`);
    expect((await flagsOf(project_id)).r3).toBe("");
    expect((await oneOf(project_id, "r1")).status).toBe("approved");
    expect((await call("PATCH", `/click-rules/${id}`, { seconds: 2 })).status).toBe(409);
  });

  it("flags conversions from the network or device of others, and too frequent ones, also over the end of a month", async () => {
    const project_id = await newProject();
    const END = Date.parse("2026-06-30T23:59:00Z");
    await makeRule(project_id, { event_type: "registration", amount: "10" });
    await makeClickRule(project_id, { name: "Network", kind: "same_network", seconds: 3_600, conversions: 2 });
    await makeClickRule(project_id, { name: "Device", kind: "same_device", seconds: 3_600, conversions: 1 });
    await makeClickRule(project_id, { name: "Often", kind: "velocity", seconds: 3_600, conversions: 3 });
    const at = (n: number, more: Given = {}) => registration(n, { timestamp: END + n * 30_000, ...more });
    await log(
      project_id,
      at(0),
      at(1, { user_agent: "Safari" }),
      at(2, { user_agent: "Safari" }),
      at(3, { user_agent: "Opera" }),
      at(4, { source_ip: "198.51.100.0", event_id: "r4" }),
    );
    const july = await read<{ rows: ConversionView[] }>(
      `/conversions?project_id=${project_id}&from=2026-06-30&to=2026-07-01`,
    );
    const found = Object.fromEntries(july.rows.map(({ event_id, flags }) => [event_id, flags]));
    expect(found.r0).toBe("");
    expect(found.r1).toBe("");
    expect(found.r2).toContain("from its network came 2 of other people within 1 hour, and 2 would be too many.");
    expect(found.r2).toContain("from its device came 1 of other people");
    expect(found.r3).toContain("it is number 4 of its tag within 1 hour, and 3 are allowed.");
    expect(found.r3).not.toContain("device");
    expect(found.r4).toBe(
      "The click rule “Often” (version 1) flags it: it is number 5 of its tag within 1 hour, and 3 are allowed.",
    );
    // A late one on the last day of June counts in July.
    await log(project_id, at(9, { timestamp: END - 1, source_ip: "198.51.100.0", user_agent: "Firefox" }));
    const later = await oneOf(project_id, "r4");
    expect(later.flags).toContain("number 6 of its tag");
    expect(later.flags).toContain("from its device came");
  });

  it("keeps its flag when the event has been removed from the log", async () => {
    const project_id = await newProject();
    await log(project_id, registration(1, { event_id: "v", event_type: "visit", timestamp: JUNE }), registration(1));
    await makeRule(project_id, { event_type: "registration", amount: "10" });
    const { id } = await makeClickRule(project_id, { kind: "too_fast", seconds: 120 });
    expect((await oneOf(project_id, "r1")).reason).toBe("flagged");
    await db.run(sql`DELETE FROM events WHERE project_id = ${project_id}`);
    await answerOf("PATCH", `/click-rules/${id}`, { seconds: 1, valid_from: "2026-06-01" });
    expect((await oneOf(project_id, "r1")).flags).toContain("(version 1)");
  });

  it("is refused with each wrong field", async () => {
    const project_id = await newProject();
    const wrong = async (rule: object) =>
      (await call("POST", "/click-rules", newClickRule(project_id, rule))).json<{ detail: string }>();
    expect((await wrong({ kind: "velocity", seconds: 60 })).detail).toBe("conversions is required for velocity");
    expect((await wrong({ kind: "too_fast", seconds: 60, conversions: 2 })).detail).toContain("leave it out");
    expect((await wrong({ kind: "same_device", seconds: 604_801, conversions: 2 })).detail).toContain("7 days");
  });
});

describe("a payout rule", () => {
  it("pays for events from before it was made, and says why", async () => {
    const project_id = await newProject();
    await log(
      project_id,
      { event_id: "first" },
      { event_id: "second" },
      { event_id: "small", player_id: "q", amount: 90_000 },
    );
    const made = await makeRule(project_id, {
      name: "First deposits",
      first_deposit: true,
      min_amount: "20",
      amount: "35",
    });
    expect(made.versions).toMatchObject([
      { version: 1, banner_tags: null, terms: { currency: "EUR", amount: "35.00" } },
    ]);
    const rows = await conversionsOf(project_id);
    expect(payouts(rows)).toEqual({ first: "35.00", second: "0.00", small: "0.00" });
    expect(Object.fromEntries(rows.map(({ event_id, reason }) => [event_id, reason]))).toEqual({
      first: "paid",
      second: "not_first",
      small: "below_min",
    });
    expect(rows.find(({ event_id }) => event_id === "first")?.explanation).toBe(
      "35.00 EUR. The rule “First deposits” pays 35.00 EUR for a player's first deposit of 20.00 EUR or more. " +
        "(Version 1, valid from 2026-06-01.) It is a deposit with 25.00 EUR. It is number 1 of the month.",
    );
    expect(rows.find(({ event_id }) => event_id === "small")?.explanation).toContain(
      "It came with 9.00 EUR, which is less than 20.00 EUR, so it pays nothing.",
    );
  });

  it("is changed from a day on, and payouts before that day stay the same", async () => {
    const project_id = await newProject();
    await log(project_id, { event_id: "early" }, { event_id: "late", timestamp: JUNE + 5 * DAY });
    const { id } = await makeRule(project_id, { amount: "10" });
    expect(payouts(await conversionsOf(project_id))).toEqual({ early: "10.00", late: "10.00" });
    const changed = await answerOf<RuleView>("PATCH", `/payout-rules/${id}`, {
      valid_from: "2026-06-12",
      amount: "12.3456",
    });
    expect(changed.versions.map(({ version, valid_from }) => [version, valid_from])).toEqual([
      [2, "2026-06-12"],
      [1, "2026-06-01"],
    ]);
    expect(payouts(await conversionsOf(project_id))).toEqual({ early: "10.00", late: "12.3456" });
    await answerOf("DELETE", `/payout-rules/${id}?valid_from=2026-06-14`);
    expect(payouts(await conversionsOf(project_id))).toEqual({ early: "10.00" });
    expect((await call("PATCH", `/payout-rules/${id}`, { amount: "1" })).status).toBe(409);
  });

  it("for a tag has priority over one for all", async () => {
    const project_id = await newProject();
    await log(project_id, { event_id: "m" }, { event_id: "o", banner_tag: "other", player_id: "q" });
    await makeRule(project_id, { amount: "5", banner_tags: ["mine"] });
    await makeRule(project_id, { amount: "1" });
    expect(payouts(await conversionsOf(project_id))).toEqual({ m: "5.00", o: "1.00" });
    expect(payouts(await conversionsOf(project_id, "&banner_tag=other"))).toEqual({ o: "1.00" });
  });

  it("is refused if it is invalid, with each wrong field", async () => {
    const project_id = await newProject();
    const wrong = async (rule: object) => {
      const { errors } = await (await call("POST", "/payout-rules", newRule(project_id, rule))).json<{
        errors: { field: string }[];
      }>();
      return errors.map(({ field }) => field);
    };
    expect(await wrong({})).toEqual(["amount"]);
    expect(await wrong({ amount: "1", event_type: "visit", first_deposit: true })).toEqual(["first_deposit"]);
    expect(await wrong({ share: "100.1" })).toEqual(["share"]);
    expect(await wrong({ amount: "1", tiers_by: "number" })).toEqual(["tiers"]);
    expect(await wrong({ amount: "1", tiers: [{ from: 2, amount: "1" }] })).toEqual(["tiers_by"]);
    const tiers = [
      { from: 3, amount: "1" },
      { from: 2, amount: "2" },
    ];
    expect(await wrong({ tiers_by: "number", tiers })).toEqual(["tiers"]);
    expect(await wrong({ tiers_by: "sum", tiers: tiers.slice(1) })).toEqual(["tiers"]);
  });
});

describe("a payout", () => {
  it("of an amount without a rate is unknown, and not zero, until the rate arrives", async () => {
    const project_id = await newProject();
    await log(project_id, { event_id: "krona", currency: "SEK", amount: 3_000_000 });
    await makeRule(project_id, { min_amount: "20", amount: "35", share: "10" });
    expect(await conversionsOf(project_id)).toMatchObject([{ payout: null, reason: "no_rate" }]);
    const before = await statementOf(project_id);
    expect(before.totals).toEqual([
      { banner_tag: "mine", currency: "EUR", approved: "0.00", pending: "0.00", without_rate: 2 },
    ]);
    expect(before.rows.find(({ kind }) => kind === "share")?.payout).toBeNull();
    const rates = [
      { currency_code: "EUR", rate_date: "2026-06-10", usd_rate: 110_000_000, data_source: "t" },
      { currency_code: "SEK", rate_date: "2026-06-10", usd_rate: 11_000_000, data_source: "t" },
    ];
    await transact(db, [storeRates(rates, Date.now())]);
    const [row] = await conversionsOf(project_id);
    expect(row).toMatchObject({ payout: "35.00", reason: "paid" });
    expect(row?.explanation).toContain("a deposit with 300.00 SEK, worth 30.00 EUR at the rate of 2026-06-10");
    expect((await statementOf(project_id)).rows.find(({ kind }) => kind === "share")?.payout).toBe("3.00");
  });

  it("follows a late event, and a decision changes the tiers of later conversions", async () => {
    const project_id = await newProject();
    await makeRule(project_id, { amount: "10", tiers_by: "number", tiers: [{ from: 3, amount: "20" }] });
    await log(project_id, { event_id: "a" }, { event_id: "b" }, { event_id: "c" });
    expect(payouts(await conversionsOf(project_id))).toEqual({ a: "10.00", b: "10.00", c: "20.00" });
    await log(project_id, { event_id: "late", timestamp: JUNE - DAY });
    expect(payouts(await conversionsOf(project_id))).toEqual({ late: "10.00", a: "10.00", b: "20.00", c: "20.00" });
    await decide(project_id, "late", "reject");
    expect(payouts(await conversionsOf(project_id))).toEqual({ late: "0.00", a: "10.00", b: "10.00", c: "20.00" });
  });

  it("of a share is of deposits minus refunds, and a month below zero pays nothing", async () => {
    const project_id = await newProject();
    await makeRule(project_id, { share: "25" });
    await log(
      project_id,
      { event_id: "d", amount: 1_000_000 },
      { event_id: "w", event_type: "withdrawal", amount: 300_001 },
    );
    const shares = async () => (await statementOf(project_id)).rows.filter(({ kind }) => kind === "share");
    // 25 % of 69.9999 is 17.499975.
    expect(await shares()).toMatchObject([{ payout: "17.50", status: "approved" }]);
    await log(project_id, { event_id: "r", event_type: "refund", amount: 900_000 });
    expect(await shares()).toMatchObject([{ payout: "0.00" }]);
    expect((await shares())[0]?.explanation).toBe(
      "0.00 EUR. 100.00 EUR of deposits less 30.0001 of withdrawals and 90.00 of refunds is -20.0001; " +
        "the rule “a rule” pays 25% of it. A month below zero pays nothing, and is not carried over.",
    );
  });

  it("follows the present rule, at whichever call of the duty it was changed", async () => {
    const project_id = await newProject();
    const { id } = await makeRule(project_id, { amount: "10" });
    await log(project_id, { event_id: "a" });
    await runDuty("payouts", unwoken);
    for (let nth = 1; ; nth++) {
      await db.run(sql`UPDATE payout_months SET version = version + 1 WHERE project_id = ${project_id}`);
      const held = gate("batch", nth);
      const computing = runOnce("payouts", held.env);
      const reached = await held.reached(computing);
      const amount = `${10 + nth}.00`;
      await answerOf("PATCH", `/payout-rules/${id}`, { valid_from: "2026-06-01", amount });
      held.open();
      await computing;
      await runDuty("payouts", unwoken);
      const [row] = await db.values<[number]>(sql`SELECT payout FROM conversions WHERE project_id = ${project_id}`);
      expect([nth, row?.[0]]).toEqual([nth, (10 + nth) * 10_000]);
      expect(nth === 1 ? reached : true).toBe(true);
      if (!reached) break;
    }
  });

  it("is computed by the duty, too, without a request", async () => {
    const project_id = await newProject();
    await log(project_id, { event_id: "alone" });
    await makeRule(project_id, { amount: "10" });
    await runDuty("payouts");
    expect(await db.all(sql`SELECT event_id, payout FROM conversions WHERE project_id = ${project_id}`)).toEqual([
      { event_id: "alone", payout: 100_000 },
    ]);
  });
});

describe("a conversion", () => {
  it("is decided with a reason, which is stored, and only as its status allows", async () => {
    const project_id = await newProject();
    await makeRule(project_id, { amount: "10" });
    await log(project_id, { event_id: "x" }, { event_id: "y" });
    expect(await oneOf(project_id, "x")).toMatchObject({ status: "pending", history: [] });
    expect(await decide(project_id, "x", "refund")).toMatchObject({ status: 409 });
    expect(await decide(project_id, "x", "approve")).toMatchObject({ status: "approved" });
    expect(await decide(project_id, "x", "refund")).toMatchObject({ status: "refunded" });
    expect(await oneOf(project_id, "x")).toMatchObject({
      status: "refunded",
      payout: "0.00",
      reason: "void",
      history: [
        { status: "approved", reason: "to approve", actor: "admin" },
        { status: "refunded", reason: "to refund", actor: "admin" },
      ],
    });
    expect(await decide(project_id, "nobody's", "approve")).toMatchObject({ status: 404 });
    const all = await answerOf<DecidedAll>("POST", "/conversions/decisions", {
      project_id,
      decision: "approve",
      event_ids: ["x", "y", "z"],
      reason: "all",
    });
    expect(all.decided).toBe(1);
    expect(all.results.map(({ status, error }) => [status, error === null])).toEqual([
      ["refunded", false],
      ["approved", true],
      [null, false],
    ]);
    const { rows } = await read<{ rows: { action: string; subject: string }[] }>(`/audit?project_id=${project_id}`);
    expect(rows.slice(0, 2).map(({ action, subject }) => [action, subject])).toEqual([
      ["conversion.approve", "y"],
      ["conversion.refund", "x"],
    ]);
  });

  it("is approved automatically once its hold is over", async () => {
    const project_id = await newProject();
    await makeRule(project_id, { amount: "10", hold_days: 7, valid_from: "2026-01-01" });
    const soon = Date.now() - DAY;
    await log(project_id, { event_id: "held", timestamp: soon }, { event_id: "over", timestamp: JUNE - 30 * DAY });
    expect(await oneOf(project_id, "held")).toMatchObject({
      status: "pending",
      approved_at: new Date(soon + 7 * DAY).toISOString(),
    });
    expect(await oneOf(project_id, "over")).toMatchObject({ status: "approved" });
  });
});

describe("a statement", () => {
  it("has lines by rule and status, with totals; a key or a share link for a tag has only that tag's", async () => {
    const project_id = await newProject();
    await makeRule(project_id, { amount: "10", share: "10" });
    await log(
      project_id,
      { event_id: "1" },
      { event_id: "2" },
      { event_id: "3" },
      { event_id: "4", banner_tag: "other", player_id: "q" },
    );
    await decide(project_id, "1", "approve");
    await decide(project_id, "2", "reject");
    const { totals, rows, complete } = await statementOf(project_id);
    expect(complete).toBe(true);
    expect(
      rows.map(({ banner_tag, kind, status, conversions, payout }) => [banner_tag, kind, status, conversions, payout]),
    ).toEqual([
      ["mine", "conversions", "approved", 1, "10.00"],
      ["mine", "conversions", "pending", 1, "10.00"],
      ["mine", "conversions", "rejected", 1, "0.00"],
      ["mine", "share", "approved", 0, "5.00"],
      ["other", "conversions", "pending", 1, "10.00"],
      ["other", "share", "approved", 0, "2.50"],
    ]);
    expect(totals).toEqual([
      { banner_tag: "mine", currency: "EUR", approved: "15.00", pending: "10.00", without_rate: 0 },
      { banner_tag: "other", currency: "EUR", approved: "2.50", pending: "10.00", without_rate: 0 },
    ]);
    const key = await makeApiKey({ role: "viewer", project_id, banner_tags: ["other"] });
    const own = bearer(key);
    expect((await statementOf(project_id, own)).totals.map(({ banner_tag }) => banner_tag)).toEqual(["other"]);
    expect((await get(`/statements?project_id=${project_id}&${MONTH}&banner_tag=mine`, own)).status).toBe(403);
    const { token } = await answerOf<{ token: string }>("POST", "/shares", {
      project_id,
      name: "an affiliate's",
      banner_tags: ["mine"],
    });
    const { session } = await answerOf<{ session: string }>("POST", "/share-sessions", { token });
    const link = bearer(session);
    expect((await statementOf(project_id, link)).totals.map(({ banner_tag }) => banner_tag)).toEqual(["mine"]);
    const csv = await get(`/statements?project_id=${project_id}&${MONTH}&format=csv`, link);
    expect((await csv.text()).split("\r\n").map((line) => line.split(",").slice(0, 2).join(","))).toEqual([
      "banner_tag,kind",
      ...Array(3).fill("mine,conversions"),
      "mine,share",
      "",
    ]);
  });
});

describe("a statement that is closed", () => {
  const close = (project_id: string, month: string, headers: HeadersInit = ADMIN) =>
    call("POST", `/statements/${month}/close?project_id=${project_id}`, undefined, headers).then((answer) =>
      answer.json<{ detail: string; closed_at: string; closed_by: string }>(),
    );
  const of = (project_id: string, month: string, headers: HeadersInit = ADMIN) =>
    read<Statement>(`/statements?project_id=${project_id}&month=${month}`, headers);
  const corrections = ({ rows }: Statement) =>
    rows
      .filter(({ kind }) => kind === "correction")
      .map(({ banner_tag, of_month, conversions, payout }) => [banner_tag, of_month, conversions, payout]);

  it("never changes; later changes are corrections on the next one, once", async () => {
    const project_id = await newProject();
    await makeRule(project_id, { amount: "10", share: "10" });
    const people = ["a", "b", "c", "d"].map((id) => ({ event_id: id, player_id: id }));
    await log(project_id, ...people, { event_id: "o", banner_tag: "other", player_id: "q" });
    for (const id of ["a", "b", "c", "o"]) await decide(project_id, id, "approve");
    const before = await of(project_id, "2026-06");
    expect(before).toMatchObject({ closed_at: null, closed_by: null });
    expect(await close(project_id, "2026-06")).toMatchObject({ closed_by: "admin" });
    const closed = await of(project_id, "2026-06");
    expect(closed).toMatchObject({ closed_by: "admin", rows: before.rows, totals: before.totals });
    expect((await of(project_id, "2026-07")).rows).toEqual([]);

    // A refund by hand and one as an event, an approval, a late deposit.
    await decide(project_id, "a", "refund");
    await decide(project_id, "d", "approve");
    await decide(project_id, "b", "charge-back");
    await log(
      project_id,
      { event_id: "r", event_type: "refund", player_id: "q", banner_tag: "other", amount: 50_000 },
      { event_id: "late", player_id: "q", banner_tag: "other" },
    );
    expect(await of(project_id, "2026-06")).toEqual(closed);
    const july = await of(project_id, "2026-07");
    // Of two that are taken back and one that came, one is gone; of 100.00 EUR of deposits, 50.00 EUR, and 20.00 EUR came.
    expect(corrections(july)).toEqual([
      ["mine", "2026-06", -1, "-10.00"],
      ["mine", "2026-06", 0, "-5.00"],
      ["other", "2026-06", 0, "2.00"],
    ]);
    expect(july.totals).toEqual([
      { banner_tag: "mine", currency: "EUR", approved: "-15.00", pending: "0.00", without_rate: 0 },
      { banner_tag: "other", currency: "EUR", approved: "2.00", pending: "0.00", without_rate: 0 },
    ]);
    expect(july.rows[0]?.explanation).toBe(
      "2026-06 was closed with 30.00 EUR for 3 conversions by the rule “a rule”, and comes to 20.00 EUR for 2 conversions now.",
    );
    // August gets no correction: July is the next open month.
    expect((await of(project_id, "2026-08")).rows).toEqual([]);
    expect((await close(project_id, "2026-08")).detail).toBe("2026-06 was closed last: the next one is 2026-07.");

    await close(project_id, "2026-07");
    expect((await of(project_id, "2026-08")).rows).toEqual([]);
    await decide(project_id, "late", "approve");
    await decide(project_id, "c", "refund");
    expect(corrections(await of(project_id, "2026-08"))).toEqual([
      ["mine", "2026-06", -1, "-10.00"],
      ["mine", "2026-06", 0, "-2.50"],
      ["other", "2026-06", 1, "10.00"],
    ]);
    expect((await of(project_id, "2026-07")).rows).toEqual(july.rows);

    const own = bearer(await makeApiKey({ role: "viewer", project_id, banner_tags: ["other"] }));
    expect((await of(project_id, "2026-06", own)).rows.map(({ banner_tag }) => banner_tag)).toEqual(["other", "other"]);
    expect(corrections(await of(project_id, "2026-08", own))).toEqual([["other", "2026-06", 1, "10.00"]]);
    expect((await close(project_id, "2026-08", own)) as unknown).toMatchObject({ status: 403 });
    const csv = await get(`/statements?project_id=${project_id}&month=2026-08&format=csv`, own);
    expect(await csv.text()).toContain("correction");
  });

  it("leaves later automatic approvals to the next one, and loses nothing to retention", async () => {
    const project_id = await newProject();
    await makeRule(project_id, { amount: "10", hold_days: 365 });
    await log(project_id, { event_id: "held" });
    await close(project_id, "2026-06");
    expect(corrections(await of(project_id, "2026-07"))).toEqual([]);
    await db.run(sql`UPDATE conversions SET hold_until = 1 WHERE project_id = ${project_id}`);
    expect(corrections(await of(project_id, "2026-07"))).toEqual([["mine", "2026-06", 1, "10.00"]]);
    await db.run(sql`UPDATE projects SET retention = '{"figures_days":33}' WHERE project_id = ${project_id}`);
    await db.run(sql`DELETE FROM conversions WHERE project_id = ${project_id}`);
    expect(corrections(await of(project_id, "2026-07"))).toEqual([]);
    expect((await of(project_id, "2026-06")).rows).toMatchObject([{ status: "pending", payout: "10.00" }]);
  });

  it("is refused for a month that is not over, is invalid, or is closed", async () => {
    const project_id = await newProject();
    expect((await close(project_id, "2999-01")).detail).toBe("2999-01 is not over.");
    expect((await close(project_id, "2026-13")).detail).toBe("2026-13 is no month: write YYYY-MM.");
    await close(project_id, "2026-06");
    expect((await close(project_id, "2026-06")).detail).toBe("The statement of 2026-06 is closed.");
  });
});

describe("an erasure", () => {
  it("keeps what was earned, and no name", async () => {
    const project_id = await newProject();
    await makeRule(project_id, { amount: "10", first_deposit: true });
    await log(
      project_id,
      { event_id: "jane-roe-1", player_id: "jane-roe" },
      { event_id: "jane-roe-2", player_id: "jane-roe" },
      { event_id: "of-another", player_id: "other" },
    );
    const before = await statementOf(project_id);
    await answerOf("POST", `/conversions/of-another/reject?project_id=${project_id}`, {
      reason: "the same as jane-roe",
    });
    await answerOf("POST", `/conversions/of-another/approve?project_id=${project_id}`, { reason: "another one" });
    await answerOf("DELETE", `/players/jane-roe?project_id=${project_id}`);
    for (const later of [0, BETWEEN_PASSES_MS + 1]) await runDuty("erasures", undefined, Date.now() + later);
    const left = await db.all(sql`SELECT person, event_id FROM conversions WHERE project_id = ${project_id}
      UNION ALL SELECT reason, '' FROM conversion_changes WHERE project_id = ${project_id}`);
    expect(left).toHaveLength(5);
    expect(JSON.stringify(left)).not.toContain("jane");
    await settle();
    const { rows } = await statementOf(project_id);
    const total = (lines: Statement["rows"]) => lines.reduce((sum, { payout }) => sum + Number(payout), 0);
    expect([total(before.rows), total(rows)]).toEqual([20, 20]);
  });
});
