/** Loads the golden events as the product does, and compares its answers with the reference's. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { expect, vi } from "vitest";
import { append } from "../../worker/event-log/append.ts";
import type { Restored } from "../../worker/event-log/restore.ts";
import worker from "../../worker/index.ts";
import { dueFrom } from "../../worker/payouts/compute.ts";
import { noteChanges } from "../../worker/payouts/decide.ts";
import { figures } from "../../worker/projections/figures.ts";
import { fillSome } from "../../worker/projections/scopes.ts";
import { REPORTS } from "../../worker/reports/index.ts";
import { transact } from "../../worker/store/database.ts";
import { MAIN } from "../../worker/store/shards.ts";
import { runDuty } from "../worker/duty.ts";
import { byFigures, byTables } from "../worker/figures-tables.ts";
import { unwokenAt } from "../worker/gate.ts";
import { ADMIN, makeApiKey } from "../worker/keys.ts";
import { createProject, db, home, keepToTables, settle, step, TABLES, turnTo, turnToDays } from "../worker/log.ts";
import { ARRIVALS, type Arrival } from "./arrivals.ts";
import { chance } from "./chance.ts";
import { CLICK_RULES, type GoldenChange, PAYOUT_RULES } from "./payout-rules.ts";
import { END, PROJECTS } from "./projects.ts";
import { LIMITED_TO, NOT_ASKED, QUESTIONS, questions } from "./questions.ts";
import { goldenRates } from "./rates.ts";

/** The shard of each golden project; absent is `main`. */
export type Places = Readonly<Record<string, string>>;
let places: Places = {};
const placeOf = (project_id: string): string => places[project_id] ?? MAIN;

/** Loads all projects, each on its shard. */
export async function load(arrival: Arrival, given: Places = {}): Promise<void> {
  // On that day some buckets are not over, and are shown so.
  vi.useFakeTimers({ toFake: ["Date"], now: END });
  places = given;
  for (const shard of new Set(PROJECTS.map(({ project_id }) => placeOf(project_id)))) await loadOn(shard, arrival);
  turnTo(MAIN);
}

/** Appends one batch after the other, while projections take steps of any length at any time. */
async function loadOn(shard: string, arrival: Arrival): Promise<void> {
  turnTo(shard);
  const projects = PROJECTS.filter(({ project_id }) => placeOf(project_id) === shard);
  const ids = new Set(projects.map(({ project_id }) => project_id));
  for (const { project_id, ...settings } of projects) await createProject(project_id, settings);
  await makeRules(false);
  // Both the tables and the figures count all events, so that they can be compared; reports use rows of days.
  await keepToTables();
  const { happens, pick, whole } = chance(4);
  for (const batch of ARRIVALS[arrival]()) {
    await append(
      db,
      batch.filter(({ project_id }) => ids.has(project_id)),
    );
    while (happens(0.3)) await step(pick([...TABLES, figures]), whole(1, 5_000));
  }
  await settle([...TABLES, figures]);
  await turnToDays();
  // Rates arrive at any time: converted figures are computed again. Other shards copy them from `main`.
  if (shard === MAIN)
    for (const { currency_code, rate_date, usd_rate, data_source } of goldenRates()) {
      await env.DB.prepare("INSERT INTO exchange_rates VALUES (?, ?, CAST(? AS INTEGER), ?, 0)")
        .bind(currency_code, rate_date, Math.round(Number(usd_rate) * 100_000_000), data_source)
        .run();
    }
  else await runDuty("exchange rates", home, END);
  await runDuty("payouts", unwokenAt(home), END);
}

/** The rules from the beginning, or those that were made later. */
export async function makeRules(later: boolean): Promise<void> {
  for (const [table, rules] of [
    ["payout_rules", PAYOUT_RULES],
    ["click_rules", CLICK_RULES],
  ] as const)
    for (const [n, { id, name, banner_tags, valid_from, terms, later: made }] of rules.entries()) {
      if ((made === true) !== later) continue;
      const version = rules.slice(0, n + 1).filter((rule) => rule.id === id).length;
      // Ids of rules are unique across projects.
      for (const { project_id } of PROJECTS.filter((project) => placeOf(project.project_id) === db.shard))
        await transact(db, [
          sql`INSERT INTO ${sql.raw(table)} (id, version, project_id, name, banner_tags, valid_from, terms, made_at)
            VALUES (${`${id} ${project_id}`}, ${version}, ${project_id}, ${name}, ${banner_tags && JSON.stringify(banner_tags)},
              ${valid_from}, ${JSON.stringify(terms)}, ${rules.findIndex((rule) => rule.id === id)})`,
          dueFrom(project_id, valid_from.slice(0, 7), null),
        ]);
    }
}

/** Refunds paid conversions, approves flagged ones and corrects an amount, some of each project; returns the changes. */
export async function changeConversions(): Promise<GoldenChange[]> {
  const changes: GoldenChange[] = [];
  for (const { project_id } of PROJECTS) {
    const found = await db.all<{ seq: number; event_id: string; reason: string }>(sql`
      SELECT seq, event_id, why ->> 'reason' AS reason FROM conversions
      WHERE project_id = ${project_id} AND why ->> 'reason' IN ('paid', 'flagged') ORDER BY seq`);
    const some = (reason: string) => found.filter((one) => one.reason === reason).filter((_, n) => n % 7 === 0);
    const nothing = { status: null, amount: null, currency: null };
    const made = [
      ...some("paid").map((one, n) =>
        n % 2 === 0
          ? { ...one, ...nothing, status: "refunded" as const }
          : { ...one, ...nothing, amount: 777_777 + n, currency: "EUR" },
      ),
      ...some("flagged").map((one) => ({ ...one, ...nothing, status: "approved" as const })),
    ];
    await transact(db, [noteChanges(project_id, made, { at: END, actor: "admin", reason: "a golden one" })]);
    changes.push(
      ...made.map(({ event_id, status, amount, currency }) => ({ project_id, event_id, status, amount, currency })),
    );
  }
  return changes;
}

/** Restores the log from its archive as `npm run restore` does, a step a request; returns the number of events. */
export async function restore(): Promise<number> {
  for (;;) {
    const request = new Request("https://golden.example/api/v1/archive/restore", { method: "POST", headers: ADMIN });
    const response = await worker.fetch(request as Parameters<typeof worker.fetch>[0], env, createExecutionContext());
    const { phase, rows_done } = await response.json<Restored>();
    expect(response.status).toBe(200);
    if (phase === "done") return rows_done;
  }
}

/** Calls the Worker's entry directly: `SELF.fetch` takes longer with each request of a test, and there are hundreds. */
async function ask(address: string, headers: Record<string, string>): Promise<Answer | null> {
  const request = new Request(`https://golden.example${address}`, { headers });
  const asking = () => worker.fetch(request as Parameters<typeof worker.fetch>[0], env, createExecutionContext());
  let response = await asking();
  if (response.status === 503) {
    // The filter under which several tags are counted.
    await response.text();
    while (await fillSome(db, null));
    response = await asking();
  }
  const answer = await response.json<Answer>();
  return response.status === 404 ? null : answer;
}
type Answer = { rows?: unknown[]; next_cursor?: string | null | undefined };

/** The whole answer, with all pages of a list. */
async function answerTo(address: string, headers: Record<string, string>): Promise<Answer | null> {
  const answer = await ask(address, headers);
  for (let next = answer?.next_cursor; answer && next; ) {
    const page = await ask(`${address}&cursor=${next}`, headers);
    answer.rows?.push(...(page?.rows ?? []));
    next = page?.next_cursor;
    answer.next_cursor = next;
  }
  return answer;
}

async function truthOf(
  arrival: Arrival,
  address: string,
  tags: string[] | null,
  changes: readonly GoldenChange[] | null,
): Promise<unknown> {
  const body = JSON.stringify({ arrival, address, tags, changes });
  const response = await env.REFERENCE.fetch("https://reference.example", { method: "POST", body });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Without sentences, which test/worker/payouts.test.ts reads, and with the ids of rules as the reference knows them. */
const inFigures = (answer: unknown, project_id: string): unknown =>
  JSON.parse(JSON.stringify(answer), (name, value) =>
    ["explanation", "flags"].includes(name)
      ? undefined
      : name === "rule_id"
        ? (value as string).replace(` ${project_id}`, "")
        : value,
  );

/**
 * Every answer of a report, whole, for each project; with a key for all tags and with one that is limited to some. What a
 * key is limited to is a condition on the rows that are read: where only the rows may differ, each question is asked once.
 */
export async function expectEveryFigure(
  arrival: Arrival,
  path: string,
  asked: "by both" | "once" = "by both",
  changes: readonly GoldenChange[] | null = null,
) {
  // For each new report add its questions here, or the reason why there are none.
  expect(Object.keys(QUESTIONS)).toContain(path);
  for (const project of PROJECTS) {
    const { project_id } = project;
    turnTo(placeOf(project_id));
    const limited = await makeApiKey({ role: "analyst", project_id, banner_tags: LIMITED_TO });
    for (const tags of [null, LIMITED_TO]) {
      const headers = tags === null ? ADMIN : { authorization: `Bearer ${limited}` };
      for (const [n, address] of questions(path, project, tags !== null).entries()) {
        if (asked === "once" && (n % 2 === 0) === (tags === null)) continue;
        const [answer, truth] = [await answerTo(address, headers), await truthOf(arrival, address, tags, changes)];
        expect.soft(inFigures(answer, project_id), `${address} for ${tags ?? "all tags"}`).toEqual(truth);
      }
    }
  }
}

/** Compares every cell of every day and all people in the figures with the tables. Returns the number of cells. */
export async function expectFiguresAsTables(): Promise<number> {
  let all = 0;
  for (const { project_id } of PROJECTS) {
    turnTo(placeOf(project_id));
    const [counted, tables] = [await byFigures(project_id), await byTables(project_id)];
    const names = new Set([...Object.keys(counted.cells), ...Object.keys(tables.cells)]);
    // Printing the difference of all cells would take minutes.
    const unlike = [...names].filter((name) => `${counted.cells[name]}` !== `${tables.cells[name]}`);
    expect(unlike.slice(0, 10).map((name) => [name, counted.cells[name], tables.cells[name]])).toEqual([]);
    const strangers = Object.keys(tables.people).filter(
      (person) => JSON.stringify(sorted(counted.people[person])) !== JSON.stringify(sorted(tables.people[person])),
    );
    expect(strangers.slice(0, 3).map((person) => [counted.people[person], tables.people[person]])).toEqual([]);
    expect(Object.keys(counted.people).length).toBe(Object.keys(tables.people).length);
    all += names.size + Object.keys(tables.people).length;
  }
  return all;
}

/** The same value with its keys sorted. */
const sorted = (value: unknown): unknown =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([name, own]) => [name, sorted(own)]),
      )
    : value;

/** The paths of all reports that are a function of the log alone, in figures. */
export const ASKED = REPORTS.map(({ path }) => path).filter((path) => !NOT_ASKED.includes(path));
