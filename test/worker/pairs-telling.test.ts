/**
 * Postbacks, payouts, alerts, scheduled reports, the tables, exchange rates, bot reviews and an erasure, each pair of them at
 * the same time. Whatever the order, each postback, alert and report is sent once, and the payouts are the same.
 */
import { env } from "cloudflare:test";
import { beforeAll, expect, it } from "vitest";
import type { ShownChannel } from "../../worker/admin/channels.ts";
import { sendNotices } from "../../worker/channels/sending.ts";
import { beginBotReview } from "../../worker/collect/bot-review.ts";
import { DUTIES } from "../../worker/cron.ts";
import { append } from "../../worker/event-log/append.ts";
import { sendDue } from "../../worker/postbacks/sending.ts";
import { GROUPS, PROJECTIONS } from "../../worker/projections/index.ts";
import type { ConversionView } from "../../worker/reports/conversions.ts";
import type { Metrics } from "../../worker/reports/metrics.ts";
import type { Statement } from "../../worker/reports/statements.ts";
import { metered } from "../../worker/store/budget.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { answerOf, read } from "./api.ts";
import { runDuty } from "./duty.ts";
import { unwoken } from "./gate.ts";
import { createProject, db, storedEvent } from "./log.ts";
import { besides, callsOf, chosen, erase, lost, runAll, texts, Waits, type Writer } from "./pair.ts";
import { makeTarget, LATER as NOW, received, receiver } from "./receiver.ts";
import { stateNow } from "./state.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PEOPLE = ["alice-77", "bobby-55", "carol-33"];
const DAY_BEFORE = new Date(NOW - DAY).toISOString().slice(0, 10);
const MONTH = DAY_BEFORE.slice(0, 7);

let address: { target: string; channel: string };
let ids: { target: string; channel: string };
/** Restores the state that `populate` has made. */
let begin: () => Promise<void>;

/** A project with a target, a rule, an alert and a report; yesterday's deposits, which nothing has processed yet. */
async function populate(): Promise<void> {
  const project_id = "tells";
  await createProject(project_id, { currency: "EUR" });
  address = { target: await receiver(), channel: await receiver() };
  const rule = { project_id, name: "Deposits", valid_from: `${MONTH}-01` };
  await answerOf("POST", "/payout-rules", { ...rule, amount: "35", hold_days: 0 });
  await answerOf("POST", "/click-rules", { ...rule, kind: "too_fast", seconds: 10 });
  const channel = await answerOf<ShownChannel>("POST", "/channels", {
    ...{ project_id, name: "a receiver", kind: "webhook", settings: { url: address.channel } },
  });
  await answerOf("POST", "/alerts", {
    ...{ project_id, name: "Silence", channels: [channel.id] },
    condition: { kind: "silence", event_type: "deposit", minutes: 360 },
  });
  await answerOf("POST", "/scheduled-reports", {
    ...{ project_id, name: "The day", every: "day", hour: 0, channels: [channel.id] },
  });
  const target = await makeTarget(project_id, { url: `${address.target}?e={event_id}` });
  ids = { target: target.id, channel: channel.id };
  await env.DB.prepare("UPDATE scheduled_reports SET sent_to = date(?, '-1 day')").bind(DAY_BEFORE).run();
  const old = NOW - 200 * DAY;
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO postbacks (target_id, event_id, project_id, event_type, person, banner_tag, status, made_at, due_at)
       VALUES (?1, 'long-ago', 'tells', 'deposit', 'p', 'mine', 'sent', ?2, ?2)`,
    ).bind(ids.target, old),
    env.DB.prepare(
      `INSERT INTO notices (channel_id, subject, kind, project_id, message, status, made_at, due_at)
       VALUES (?1, 'long-ago', 'report', 'tells', '{}', 'sent', ?2, ?2)`,
    ).bind(ids.channel, old),
  ]);
  const events = PEOPLE.map((player_id, n) =>
    storedEvent({
      ...{ project_id, event_type: "deposit", event_id: `order-${n}`, player_id, banner_tag: "mine" },
      // Some days have no exchange rate yet.
      ...{ amount: 250_000, currency: n === 0 ? "USD" : "EUR", trusted: 1 },
      timestamp: NOW - DAY + n * MINUTE,
      received_at: NOW - DAY + n * MINUTE,
    }),
  );
  // A bot by the former rules, which is none by the present ones.
  const visit = { project_id, event_type: "visit", visitor_id: "v", user_agent: "SpiderService/1.0", bot: "crawler" };
  await append(db, [storedEvent({ ...visit, timestamp: NOW - DAY, received_at: 0 }), ...events]);
  await answerOf("PATCH", `/projects/${project_id}`, { bot_rules: { allowed_user_agents: ["SpiderService"] } });
  await transact(db, [beginBotReview(project_id, NOW)]);
}

async function sendAll(own: Env, send: typeof sendDue | typeof sendNotices, id: string, now = NOW): Promise<void> {
  for (let progress: unknown = "more"; progress === "more"; ) {
    const { env: bindings, budget } = metered(own, "sending");
    progress = await send(
      bindings,
      databaseOf(bindings),
      id,
      budget,
      () => now,
      () => 0,
    );
  }
}

const CRON = [
  "exchange rates",
  "payouts",
  "alerts",
  "scheduled reports",
  "postback keeping",
  "notice keeping",
  "bot reviews",
];
/** All writers that send messages, and those that make their data. A new one is added here as a line. */
const WRITERS: Writer[] = [
  { name: "the tables", run: (own) => runAll(own, GROUPS.tables.projections, NOW) },
  { name: "the figures", run: (own) => runAll(own, GROUPS.figures.projections, NOW) },
  { name: "the reader of postbacks", run: (own) => runAll(own, GROUPS.postbacks.projections, NOW) },
  { name: "what is sent to a target", run: (own) => sendAll(own, sendDue, ids.target) },
  { name: "what is sent to a channel", run: (own) => sendAll(own, sendNotices, ids.channel) },
  ...CRON.map((name): Writer => ({ name, run: (own) => runDuty(name, own, NOW) })),
  { name: "an erasure", run: (own) => erase(own, "tells", "alice-77", NOW), person: "alice-77" },
];

/** Runs everything until nothing is left to do. */
async function finish(): Promise<void> {
  for (const now of [NOW, NOW + HOUR]) {
    await runAll(unwoken, PROJECTIONS, now);
    for (const name of CRON) await runDuty(name, unwoken, now);
    await sendAll(unwoken, sendDue, ids.target, now);
    await sendAll(unwoken, sendNotices, ids.channel, now);
  }
}

let seen = { target: 0, channel: 0 };
/** The messages received since the last call. */
async function news(): Promise<{ events: string[]; kinds: string[] }> {
  const [postbacks, notices] = await Promise.all([received(address.target), received(address.channel)]);
  const events = postbacks.slice(seen.target).map(({ url }) => new URL(url, "http://receiver").searchParams.get("e"));
  const kinds = notices.slice(seen.channel).map(({ body }) => (JSON.parse(body) as { kind: string }).kind);
  seen = { target: postbacks.length, channel: notices.length };
  return { events: events.map(String).sort(), kinds: kinds.sort() };
}

async function isSound(writers: readonly Writer[]): Promise<void> {
  for (let times = 0; ; times++) {
    const ends = await Promise.all(
      writers.map(({ person, run }) => (person ? run(unwoken).catch((error: unknown) => error) : null)),
    );
    const failures = ends.filter((end) => end instanceof Error && !(end instanceof Waits) && !lost(end));
    expect(failures).toEqual([]);
    if (!ends.some((end) => end instanceof Error)) break;
    expect(times).toBeLessThan(20);
  }
  await finish();
  const erased = writers.some(({ person }) => person);
  const { events, kinds } = await news();
  // An event that was erased before it was sent is not sent.
  expect(events.filter((event_id) => !(erased && event_id === "order-0"))).toEqual(
    ["order-0", "order-1", "order-2"].slice(erased ? 1 : 0),
  );
  expect(events.filter((event_id) => event_id === "order-0").length).toBeLessThanOrEqual(1);
  expect(kinds).toEqual(["opened", "report"]);

  // The requests here use a clock that is years behind, by which no hold is over.
  const days = `from=${MONTH}-01&to=${DAY_BEFORE}`;
  const { rows } = await read<{ rows: ConversionView[] }>(`/conversions?project_id=tells&${days}`);
  expect(rows.map(({ payout, status }) => [payout, status])).toEqual(PEOPLE.map(() => ["35.00", "pending"]));
  const statement = await read<Statement>(`/statements?project_id=tells&month=${MONTH}`);
  expect(statement.totals).toMatchObject([{ banner_tag: "mine", approved: "0.00", pending: "105.00" }]);
  const visits = await read<Metrics>(`/metrics?project_id=tells&${days}&event_type=visit`);
  expect(visits.rows.map(({ total }) => total)).toEqual([1]);
  const everything = await texts();
  expect(everything).not.toContain("long-ago");
  if (erased) expect(everything).not.toContain("alice-77");
}

/** Duties that are tested in other files, with the archive and the log, or in pairs. */
const ELSEWHERE: Record<string, string> = {
  live: "live.test.ts",
  archive: "pairs.test.ts",
  erasures: "pairs.test.ts",
  retention: "pairs.test.ts",
  reports: "pairs.test.ts",
  "event ids": "pairs.test.ts",
  "lifetime values": "lifetime-values.test.ts",
  compaction: "pairs.test.ts",
  removals: "removal.test.ts",
  "inbound postbacks": "inbound.test.ts",
};

beforeAll(async () => {
  await populate();
  begin = await stateNow();
});

it("the duties here are all that cron wakes, except those that are tested in another file", () => {
  const here = ["tables", "figures", "postbacks", ...WRITERS.map(({ name }) => name)];
  const others = DUTIES.map(({ name }) => name).filter((name) => !here.includes(name));
  expect(others.toSorted()).toEqual(Object.keys(ELSEWHERE).toSorted());
});

it.each(WRITERS.map((held, turn) => [held.name, held, turn] as const))(
  "%s, stopped at one of its calls, changes nothing for the others",
  async (_, held, turn) => {
    const calls = await callsOf(held, "batch", begin);
    await news();
    for (const [place, other] of WRITERS.entries()) {
      // In each pair one is stopped, each equally often; if it makes no call, it works before the other.
      if (place === turn || (place + turn) % 2 === Number(place < turn)) continue;
      for (const nth of calls === 0 ? [1] : chosen(calls, place)) {
        await begin();
        await besides(held, "batch", nth, other);
        await isSound([held, other]).catch((error: unknown) => {
          throw new Error(`${held.name}, held at batch ${nth} of ${calls}, beside ${other.name}`, { cause: error });
        });
      }
    }
  },
);
