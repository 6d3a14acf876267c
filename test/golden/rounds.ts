/** Loads the golden events as the product does, and compares its answers with the reference's. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { append } from "../../worker/event-log/append.ts";
import type { Restored } from "../../worker/event-log/restore.ts";
import worker from "../../worker/index.ts";
import { figures } from "../../worker/projections/figures.ts";
import { fillSome } from "../../worker/projections/scopes.ts";
import { REPORTS } from "../../worker/reports/index.ts";
import { byFigures, byTables } from "../worker/figures-tables.ts";
import { ADMIN, makeApiKey } from "../worker/keys.ts";
import { createProject, db, keepToTables, settle, step, TABLES, turnToDays } from "../worker/log.ts";
import { ARRIVALS, type Arrival } from "./arrivals.ts";
import { chance } from "./chance.ts";
import { END, PROJECTS } from "./projects.ts";
import { LIMITED_TO, NOT_ASKED, QUESTIONS, questions } from "./questions.ts";
import { goldenRates } from "./rates.ts";

/** Batch after batch, while the projections take steps of any length at any time. */
export async function load(arrival: Arrival): Promise<void> {
  // What is not over yet on that day shows as such.
  vi.useFakeTimers({ toFake: ["Date"], now: END });
  for (const { project_id, ...settings } of PROJECTS) await createProject(project_id, settings);
  // Both count all events, so that each can be held against the other; reports are of days.
  await keepToTables();
  const { happens, pick, whole } = chance(4);
  for (const batch of ARRIVALS[arrival]()) {
    await append(db, batch);
    while (happens(0.3)) await step(pick([...TABLES, figures]), whole(1, 5_000));
  }
  await settle([...TABLES, figures]);
  await turnToDays();
  // Rates come when they come: figures that were converted are made anew.
  for (const { currency_code, rate_date, usd_rate, data_source } of goldenRates()) {
    await env.DB.prepare("INSERT INTO exchange_rates VALUES (?, ?, CAST(? AS INTEGER), ?, 0)")
      .bind(currency_code, rate_date, Math.round(Number(usd_rate) * 100_000_000), data_source)
      .run();
  }
}

/** Brings the log back from its archive as `npm run restore` does, a step a request; gives how many events there are. */
export async function restore(): Promise<number> {
  for (;;) {
    const request = new Request("https://golden.example/api/v1/archive/restore", { method: "POST", headers: ADMIN });
    const response = await worker.fetch(request as Parameters<typeof worker.fetch>[0], env, createExecutionContext());
    const { phase, rows_done } = await response.json<Restored>();
    expect(response.status).toBe(200);
    if (phase === "done") return rows_done;
  }
}

/** The entry itself: `SELF.fetch` takes longer with each request of a test, and these are hundreds. */
async function ask(address: string, headers: Record<string, string>): Promise<Answer | null> {
  const request = new Request(`https://golden.example${address}`, { headers });
  const asking = () => worker.fetch(request as Parameters<typeof worker.fetch>[0], env, createExecutionContext());
  let response = await asking();
  if (response.status === 503) {
    // What several tags are counted under.
    await response.text();
    while (await fillSome(db, null));
    response = await asking();
  }
  const answer = await response.json<Answer>();
  return response.status === 404 ? null : answer;
}
type Answer = { rows?: unknown[]; next_cursor?: string | null | undefined };

/** The whole answer: of a list all pages. */
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

async function truthOf(arrival: Arrival, address: string, tags: string[] | null): Promise<unknown> {
  const body = JSON.stringify({ arrival, address, tags });
  const response = await env.REFERENCE.fetch("https://reference.example", { method: "POST", body });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/**
 * Every answer of a report, whole, for each project; with a key for all tags and with one that is limited to some. What a
 * key is limited to is a condition on the rows that are read: where only the rows may differ, each question is asked once.
 */
export async function expectEveryFigure(arrival: Arrival, path: string, asked: "by both" | "once" = "by both") {
  // Whoever adds a report says here what to ask of it, or why nothing.
  expect(Object.keys(QUESTIONS)).toContain(path);
  for (const project of PROJECTS) {
    const { project_id } = project;
    const limited = await makeApiKey({ role: "analyst", project_id, banner_tags: LIMITED_TO });
    for (const tags of [null, LIMITED_TO]) {
      const headers = tags === null ? ADMIN : { authorization: `Bearer ${limited}` };
      for (const [n, address] of questions(path, project, tags !== null).entries()) {
        if (asked === "once" && (n % 2 === 0) === (tags === null)) continue;
        const [answer, truth] = [await answerTo(address, headers), await truthOf(arrival, address, tags)];
        expect.soft(answer, `${address} for ${tags ?? "all tags"}`).toEqual(truth);
      }
    }
  }
}

/** Every cell of every day and all people, which the figures and the tables have counted by themselves. Gives how many. */
export async function expectFiguresAsTables(): Promise<number> {
  let all = 0;
  for (const { project_id } of PROJECTS) {
    const [counted, tables] = [await byFigures(project_id), await byTables(project_id)];
    const names = new Set([...Object.keys(counted.cells), ...Object.keys(tables.cells)]);
    // The difference of all cells would take minutes to print.
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

/** With its keys in order. */
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
