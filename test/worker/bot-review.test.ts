/** Bot rules that are applied to the past: every report is then as if they had always been set. */
import { env } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { BotReviewView } from "../../worker/admin/bot-reviews.ts";
import { saveSettings } from "../../worker/archive/settings.ts";
import { botReason, reviewedReason } from "../../worker/collect/bot.ts";
import { beginBotReview } from "../../worker/collect/bot-review.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { restoreStep } from "../../worker/event-log/restore.ts";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { transact } from "../../worker/store/database.ts";
import type { BotRules } from "../../worker/store/schema.ts";
import { call, read } from "./api.ts";
import { runDuty } from "./duty.ts";
import { unwoken } from "./gate.ts";
import { makeApiKey } from "./keys.ts";
import { createProject, db, settle, storedEvent } from "./log.ts";
import { lose } from "./loss.ts";
import { runAll } from "./pair.ts";

const DAY = 86_400_000;
const JUNE = Date.parse("2026-06-10T12:00:00Z");
const PERIOD = "from=2026-06-01&to=2026-06-30";
const [CHROME, FARM, SPIDER, CRAWLER] = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Linux; Android 11; CLICKFARM-7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.0.0 Mobile Safari/537.36",
  "SpiderService/1.0",
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
];
const RULES: BotRules = { user_agents: ["clickfarm"], allowed_user_agents: ["SpiderService"] };

/** People of all kinds; ids and transactions that a bot used first; an event that was sent with a key. */
function traffic(project_id: string, rules: BotRules): StoredEvent[] {
  const events: StoredEvent[] = [];
  const send = (user_agent: string, n: number, more: Partial<StoredEvent>) => {
    const local = { agent: user_agent, asn: undefined, local: false };
    events.push(
      storedEvent({
        ...{
          project_id,
          event_type: "visit",
          user_agent,
          event_id: `e${events.length}`,
          country: "DE",
          device: "mobile",
        },
        ...{ timestamp: JUNE + n * 60_000, received_at: JUNE + n * 60_000, banner_tag: n % 3 ? "aff-x" : "aff-y" },
        bot: more.trusted === 1 ? null : botReason(local, rules),
        ...more,
      }),
    );
  };
  for (const [n, agent] of [CHROME, FARM, SPIDER, CRAWLER, CHROME, FARM].entries()) {
    const [visitor_id, player_id] = [`v${n}`, `p${n}`];
    send(agent, n, { visitor_id });
    send(agent, n + 10, { event_type: "registration", visitor_id, player_id });
    send(agent, n + 1_500, { player_id, banner_tag: null });
    for (const back of [2, 9])
      send(agent, n + back * 1_440, { event_type: "deposit", player_id, amount: 100_000 + n, currency: "USD" });
  }
  // A person uses the transaction id of a bot's deposit, and a bot that of a person's.
  const paid = { event_type: "deposit", amount: 50_000, currency: "USD" };
  send(FARM, 50, { ...paid, player_id: "p1", transaction_id: "t1" });
  send(CHROME, 51, { ...paid, player_id: "p0", transaction_id: "t1" });
  send(SPIDER, 52, { ...paid, player_id: "p2", transaction_id: "t2" });
  send(CHROME, 53, { ...paid, player_id: "p4", transaction_id: "t2" });
  send(FARM, 54, { ...paid, player_id: "p1", trusted: 1 });
  return events;
}

/** A project's reports, without its name and the times of the requests. */
async function reportsOf(project_id: string): Promise<unknown> {
  const about = `project_id=${project_id}&${PERIOD}`;
  const paths = [
    ...["metrics", "campaigns", "funnel", "cohorts", "revenue", "bots", "traffic"].map((name) => `/${name}?${about}`),
    ...[`/players?project_id=${project_id}`, `/ltv?project_id=${project_id}`, `/conversions?${about}`],
  ];
  const answers = await Promise.all(paths.map((path) => read(path)));
  const alike = JSON.stringify(answers).replaceAll(project_id, "the project");
  return JSON.parse(alike.replaceAll(/"rule_id":"[^"]+"/g, '"rule_id":"the rule"'));
}

let projects = 0;
async function projectWith(rules: BotRules, given: BotRules = rules): Promise<string> {
  const project_id = `bots-${++projects}`;
  await createProject(project_id);
  expect((await call("PATCH", `/projects/${project_id}`, { bot_rules: given })).status).toBe(200);
  const rule = { project_id, name: "Deposits", amount: "5", valid_from: "2026-06-01", hold_days: 0 };
  expect((await call("POST", "/payout-rules", rule)).status).toBe(201);
  await append(db, traffic(project_id, rules));
  await settle();
  return project_id;
}
async function review(project_id: string): Promise<BotReviewView> {
  expect((await call("POST", `/projects/${project_id}/bot-review`)).status).toBe(202);
  // By its Durable Object, which the route has woken.
  const view = await vi.waitUntil(
    async () => {
      const found = await read<BotReviewView>(`/projects/${project_id}/bot-review`);
      return found.finished_at !== null && found;
    },
    { timeout: 200_000, interval: 50 },
  );
  await settle();
  return view;
}

describe("a project's bot rules", () => {
  it("are not applied to its past before an administrator asks for it", async () => {
    const project_id = await projectWith({}, RULES);
    expect(await read(`/projects/${project_id}/bot-review`)).toMatchObject({ requested_at: null, finished_at: null });
    expect(await reportsOf(project_id)).toEqual(await reportsOf(await projectWith({})));
  });

  it("are applied to its past as if they had always been set, and can be reverted", async () => {
    const [project_id, always, never] = [await projectWith({}, RULES), await projectWith(RULES), await projectWith({})];
    expect(await reportsOf(project_id)).not.toEqual(await reportsOf(always));
    // Of two of the farm and one spider five each, and one payment each.
    expect((await review(project_id)).changed).toBe(17);
    expect(await reportsOf(project_id)).toEqual(await reportsOf(always));
    expect(await reportsOf(never)).not.toEqual(await reportsOf(always));

    expect((await call("PATCH", `/projects/${project_id}`, { bot_rules: {} })).status).toBe(200);
    expect((await review(project_id)).changed).toBe(17);
    expect(await reportsOf(project_id)).toEqual(await reportsOf(never));
    const { rows } = await read<{ rows: { action: string; subject: string }[] }>(`/audit?project_id=${project_id}`);
    expect(rows.filter(({ action }) => action === "project.bot_review")).toHaveLength(2);
  });

  it("are never half applied in reports that read the log itself", async () => {
    const [project_id, always] = [await projectWith({}, RULES), await projectWith(RULES)];
    // A cached answer would be an earlier, complete one: so each request is a different one.
    const ask = async (by: string) => {
      const response = await call("GET", `/traffic?project_id=${project_id}&${PERIOD}&by=${by}`);
      await response.body?.cancel();
      return [response.status, Number(response.headers.get("retry-after")) > 0];
    };
    expect(await ask("device")).toEqual([200, false]);
    await db.run(beginBotReview(project_id, Date.now()));
    expect(await ask("browser"), "the log is gone through").toEqual([503, true]);
    await runDuty("bot reviews");
    await settle();
    expect(await ask("os")).toEqual([200, false]);
    expect(await reportsOf(project_id)).toEqual(await reportsOf(always));
    const [stand] = (await env.DB.prepare("SELECT * FROM figures_stand").all<{ whole_at: number }>()).results;
    await env.DB.prepare("UPDATE figures_stand SET whole_at = NULL").run();
    expect(await ask("country"), "all is counted again").toEqual([503, true]);
    await env.DB.prepare("UPDATE figures_stand SET whole_at = ?").bind(stand?.whole_at).run();
    expect(await ask("app_id")).toEqual([200, false]);
  });

  it("need a key for all projects to be applied, since the figures of all are recomputed", async () => {
    const project_id = await projectWith(RULES);
    const key = await makeApiKey({ role: "admin", project_id });
    const refused = await call("POST", `/projects/${project_id}/bot-review`, undefined, {
      authorization: `Bearer ${key}`,
    });
    expect([refused.status, await refused.text()]).toEqual([
      403,
      expect.stringContaining("needs a key for all projects"),
    ]);
  });

  it("are not applied when events have been removed from the log", async () => {
    const project_id = await projectWith(RULES);
    const settled = (day: string) =>
      env.DB.prepare("UPDATE projects SET settled_before = ? WHERE project_id = ?").bind(day, project_id).run();
    await settled("2026-06-02");
    const refused = await call("POST", `/projects/${project_id}/bot-review`);
    await settled("");
    expect([refused.status, await refused.text()]).toEqual([
      409,
      expect.stringContaining("removed events from the log"),
    ]);
  });
});

describe("a log that is restored from its archive", () => {
  it("has the flags of the rules that were applied to its past", async () => {
    const project_id = await projectWith({}, RULES);
    await runAll(unwoken, PROJECTIONS, Date.now() + DAY);
    await review(project_id);
    const flags = () =>
      env.DB.prepare("SELECT event_id, bot, duplicate_of FROM events WHERE project_id = ? ORDER BY event_id")
        .bind(project_id)
        .raw();
    const before = await flags();
    await runAll(unwoken, PROJECTIONS, Date.now() + DAY);
    await saveSettings(env.ARCHIVE, db, Date.now());
    await lose();
    for (let phase = ""; phase !== "done"; )
      ({ phase } = await restoreStep(env, db, Date.now(), (statements) => transact(db, statements)));
    expect(await flags()).not.toEqual(before);
    await runDuty("bot reviews");
    expect(await flags()).toEqual(before);
  });
});

describe("an event that is judged again", () => {
  const judge = (agent: string | null, bot: string | null, rules: BotRules) =>
    reviewedReason({ agent, bot, local: false }, rules);

  it.each<[string, string | null, string | null, BotRules, string | null]>([
    ["by a new rule", FARM, null, RULES, "project_rule"],
    ["by a rule that is gone", FARM, "project_rule", {}, null],
    ["by an agent that is allowed", SPIDER, "crawler", RULES, null],
    ["as before", CRAWLER, "crawler", RULES, "crawler"],
    ["of a data centre, as long as these are bots", CHROME, "data_centre", {}, "data_centre"],
    ["of a data centre, where these are people", CHROME, "data_centre", { data_centres: false }, null],
    ["of a data centre, by an agent that is allowed", SPIDER, "data_centre", RULES, null],
    ["of a page that was loaded in case it is visited", SPIDER, "prefetch", RULES, "prefetch"],
    ["without an agent", null, null, RULES, null],
  ])("%s", (_, agent, bot, rules, expected) => expect(judge(agent, bot, rules)).toBe(expected));
});
