/**
 * How long the dashboard's views take in Chromium with `EVENTS` events, on a real server. One event in a hundred is sent
 * through the log and counted. The rest is computed from these, as if there were a hundred of each person: all sums of rows
 * of days, the rows of people and of their payments, and the log of the last two days. The log of earlier days has only one
 * event in a hundred: of the views, only Traffic sources reads it. `STATE=<folder>` keeps the database for the next run.
 */
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sql } from "drizzle-orm";
import type { Browser } from "playwright-core";
import { browserPath, launch, signIn } from "../test/browser/harness.ts";
import { emptyState } from "../test/new-state.ts";
import { type Server, startServer } from "../test/server.ts";
import { addDays, localTime } from "../worker/calendar.ts";
import { lineOf } from "../worker/figures/changes.ts";
import { dayTexts, readLines } from "../worker/figures/day-rows.ts";
import { Tally } from "../worker/figures/tally.ts";
import type { Database } from "../worker/store/database.ts";
import { databaseIn, fill } from "./loaded.ts";
import { openLoader } from "./sqlite.ts";

const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
const COPIES = 100;
const ROUNDS = 5;

type DayRow = { day: number; counts: string; life: string; cells: string; hours: string };

/** A line of a row of days with a hundred of each person; their times between steps of the funnel differ by milliseconds. */
function multiplied(number: number, tally: Tally): { number: number; entries: ReturnType<Tally["entries"]> } {
  const isSpread = lineOf(number).part === "funnel";
  const all = new Tally();
  for (const [key, [first, second, third]] of tally.entries())
    if (isSpread && key > 0) for (let copy = 0; copy < COPIES; copy++) all.add(key + copy, first);
    else all.add(key, first * COPIES, second * COPIES, third * COPIES);
  return { number, entries: all.entries() };
}

async function multiplyDays(db: Database): Promise<void> {
  const rows = await db.all<DayRow>(sql`SELECT day, counts, life, cells, hours FROM days`);
  for (const { day, counts, life, cells, hours } of rows) {
    const lines = [life, cells, hours].flatMap((text) => [...readLines(text)]);
    const texts = dayTexts(lines.map(([number, tally]) => multiplied(number, tally)));
    const found = Object.entries(JSON.parse(counts) as Record<string, number[]>);
    const all = Object.fromEntries(found.map(([type, sums]) => [type, sums.map((sum) => sum * COPIES)]));
    await db.run(sql`UPDATE days SET counts = ${JSON.stringify(all)}, life = ${texts.life}, cells = ${texts.cells},
      hours = ${texts.hours} WHERE day = ${day}`);
  }
}

/** Copies all rows of a table; columns in `named` get a different name in each copy. */
async function copyRows(db: Database, table: string, named: readonly string[], condition = "true"): Promise<void> {
  const columns = await db.all<{ name: string }>(sql.raw(`SELECT name FROM pragma_table_info('${table}')`));
  const names = columns.map(({ name }) => name);
  const values = names.map((name) => {
    // Copies get the next numbers, as if they had arrived one after the other.
    if (name === "seq") return `(SELECT max(seq) FROM ${table}) + row_number() OVER (ORDER BY seq, k)`;
    return named.includes(name) ? `${name} || '~' || k` : name;
  });
  await db.run(
    sql.raw(`INSERT INTO ${table} (${names.join(", ")}) SELECT ${values.join(", ")}
    FROM (SELECT value AS k FROM json_each('${JSON.stringify(Array.from({ length: COPIES - 1 }, (_, n) => n + 1))}'))
      CROSS JOIN (SELECT * FROM ${table} WHERE ${condition})`),
  );
}

async function multiply(db: Database): Promise<void> {
  const last = await db.get<{ date: string }>(sql`SELECT max(event_date) AS date FROM events`);
  const since = addDays(last?.date ?? "", -1);
  await multiplyDays(db);
  await copyRows(db, "players", ["person", "player_id"]);
  await copyRows(db, "payments", ["person"]);
  await copyRows(
    db,
    "events",
    ["event_id", "player_id", "visitor_id", "transaction_id", "duplicate_of"],
    `event_date >= '${since}'`,
  );
  for (const table of ["event_outcomes", "money_summary"])
    await db.run(sql`UPDATE ${sql.raw(table)} SET total = total * ${sql.raw(String(COPIES))}`);
  const head = sql`(SELECT max(seq) FROM events)`;
  await db.run(sql`INSERT INTO changes (project_id, event_date, seq)
    SELECT project_id, event_date, max(seq) FROM events WHERE event_date >= ${since} GROUP BY 1, 2
    ON CONFLICT DO UPDATE SET seq = excluded.seq`);
  // No projection has work left, since only the views are measured.
  for (const name of ["live", "archive", "archive-manifest", "archive-settings", "postbacks"])
    await db.run(sql`INSERT OR IGNORE INTO projections (name) VALUES (${name})`);
  await db.run(sql`UPDATE projections SET cursor = ${head}, updated_at = ${Date.now()}`);
}

/** The folder of a state with `EVENTS` events. */
async function loaded(): Promise<string> {
  const folder = process.env.STATE ? resolve(process.env.STATE) : mkdtempSync(join(tmpdir(), "bench-views-"));
  if (process.env.STATE && existsSync(folder)) return folder;
  const loading = `${folder}.loading`;
  rmSync(loading, { recursive: true, force: true });
  cpSync(emptyState(), loading, { recursive: true });
  const { db, close } = openLoader(databaseIn(loading));
  const began = performance.now();
  await fill(db, EVENTS / COPIES);
  const filled = performance.now();
  await multiply(db);
  close();
  console.log(
    `${(EVENTS / COPIES).toLocaleString("en")} events counted in ${Math.round((filled - began) / 1_000)} s, ` +
      `the rest computed in ${Math.round((performance.now() - filled) / 1_000)} s`,
  );
  rmSync(folder, { recursive: true, force: true });
  renameSync(loading, folder);
  return folder;
}

const VIEWS = ["overview", "campaigns", "funnel", "cohorts", "revenue", "players"] as const;
const DAYS = [7, 30] as const;

const PATIENCE_MS = 120_000;
const POLL_MS = 15;
/**
 * A script that returns the time at which no visible panel waits; 0 while one does. It is evaluated again and again, since the
 * policy of the pages forbids scripts that wait by themselves.
 */
const answeredAt = (selector: string) => `(() => {
  const seen = [...document.querySelectorAll(${JSON.stringify(selector)})]
    .filter((panel) => panel.getBoundingClientRect().top < innerHeight)
    .slice(0, ${JSON.stringify(selector)}.includes(".cards") ? 1 : undefined);
  const waits = (panel) => panel.querySelector('.failed') === null && (panel.matches('[aria-busy="true"], [aria-hidden]') || panel.querySelector('.bone, [aria-busy="true"]') !== null);
  return seen.length > 0 && !seen.some(waits) ? Math.round(performance.now()) : 0;
})()`;

type Times = { first: number; all: number; said: string };

/** Milliseconds from the press of Enter until the first panel, and all panels visible without scrolling, have their figures. */
async function timesOf(browser: Browser, server: Server, path: string): Promise<Times> {
  const page = await signIn(browser, server, { viewport: { width: 1280, height: 800 } });
  await page.goto(`${server.url}${path}`, { waitUntil: "commit" });
  const when = async (selector: string): Promise<number> => {
    for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await page.waitForTimeout(POLL_MS)) {
      const at = await page.evaluate<number>(answeredAt(selector)).catch(() => 0);
      if (at > 0) return at;
    }
    throw new Error(`${path} has no answer after ${PATIENCE_MS / 1_000} s.`);
  };
  const first = await when("#content .cards, #content .panel:not(.headline)");
  const all = await when("#content .panel");
  const failures = await page.locator("#content .failed").allTextContents();
  await page.context().close();
  return { first, all, said: failures.join(" ").slice(0, 80) };
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

export async function benchViews(): Promise<void> {
  if (!browserPath) return console.log("There is no Chromium here; set CHROMIUM_PATH.");
  const folder = await loaded();
  const server = await startServer({ persistTo: folder });
  const browser = await launch();
  const found = [];
  try {
    const today = localTime("UTC", Date.now()).date;
    const asked = DAYS.flatMap((days) =>
      VIEWS.map((view) => ({ view, days, path: `from=${addDays(today, -days)}&to=${addDays(today, -1)}` })),
    );
    const traffic = [1, 7].map((days) => ({
      view: "traffic",
      days,
      path: `from=${addDays(today, -days)}&to=${addDays(today, -1)}`,
    }));
    for (const { view, days, path } of [...asked, ...traffic]) {
      const times: Times[] = [];
      for (let round = 0; round < ROUNDS; round++) times.push(await timesOf(browser, server, `/?view=${view}&${path}`));
      const [once, ...again] = times as [Times, ...Times[]];
      const row = {
        view: `${view}, ${days} days`,
        "first figures, never asked before": once.first,
        "all that is seen": once.all,
        "first figures, asked before": median(again.map(({ first }) => first)),
        "all that is seen, asked before": median(again.map(({ all }) => all)),
        ...(once.said && { said: once.said }),
      };
      console.log(JSON.stringify(row));
      found.push(row);
    }
  } finally {
    await browser.close();
    await server.stop();
    if (!process.env.STATE) rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\nMilliseconds in Chromium at 1280 × 800, ${EVENTS.toLocaleString("en")} events over 60 days:`);
  console.table(found);
}
