/** Compares today's log and projections with the new core, in turn in one run, each in a separate D1 inside workerd. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { StoredEvent } from "../worker/event.ts";
import { append } from "../worker/event-log/append.ts";
import { writeSegmentIds } from "../worker/event-log/segment-ids.ts";
import { appendSegments } from "../worker/event-log/segments.ts";
import { runFigures } from "../worker/figures/run.ts";
import type { ScopeFilter } from "../worker/figures/scope-filter.ts";
import { TABLES } from "../worker/figures/tables.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { base, everything, LOADED_AT_MOST } from "./core-traffic.ts";
import { type Ask, CORES, type Core, type Fill, type Filled, type Spent as Measured } from "./core-worker.ts";
import { migrate } from "./database.ts";
import { spentByChildren } from "./processor.ts";
import { bundled } from "./server.ts";
import { openLoader } from "./sqlite.ts";
import { tenfold } from "./tenfold.ts";

const EVENTS = Number(process.env.EVENTS ?? 20_000);

type Line = { name: string; batch: number; run: number; events: number };

/** Measures the cost of an event by the number of events that a run finds. */
const ROWS: readonly Line[] = [
  { name: "a run of 1", batch: 1, run: 1, events: 60 },
  { name: "4", batch: 4, run: 4, events: 120 },
  { name: "10", batch: 10, run: 10, events: 200 },
  { name: "50", batch: 50, run: 50, events: 500 },
  { name: "100", batch: 100, run: 100, events: 1_000 },
  { name: "1,000", batch: 100, run: 1_000, events: 4_000 },
  { name: "5,000", batch: 100, run: 5_000, events: 10_000 },
  { name: "singly, gathered 60", batch: 1, run: 60, events: 240 },
  { name: "singly, gathered 360", batch: 1, run: 360, events: 720 },
];

/** A full measurement has more turns. */
const TURNS = EVENTS < 1_000_000 ? 2 : 10;

/** Measures the speed, in turns of `events`, as with heavy traffic: a batch of the queue then has up to a thousand. */
const SPEED: readonly (Line & { turns: number })[] = [
  { name: "1,000", batch: 100, run: 1_000, events: 5_000, turns: TURNS },
  { name: "5,000", batch: 1_000, run: 5_000, events: 5_000, turns: TURNS },
];

/** Filled one after the other. Events that arrive after a filter was filled are counted under it and all earlier ones. */
const FILTERS: Record<string, ScopeFilter> = {
  "a country": { country: ["DE"] },
  "three countries on mobiles": { country: ["AT", "DE", "SE"], device: ["mobile"] },
  "everything but a tag": { banner_tag_not: ["none such"] },
};

const DATABASES: Record<Core, string> = { today: "TODAY", new: "NEW" };

async function open(script: string, folder: string): Promise<Miniflare> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script,
      compatibilityDate: "2026-08-01",
      d1Databases: Object.values(DATABASES),
      resourcePersistencePath: folder,
    }),
  );
  await miniflare.ready;
  return miniflare;
}

/** The folder of loaded databases. `STATE=<folder>` keeps them after loading, and uses them if they are there already. */
async function loadedFolder(script: string): Promise<string> {
  const kept = process.env.STATE ? resolve(process.env.STATE) : null;
  const folder = mkdtempSync(join(tmpdir(), "bench-core-"));
  if (kept !== null && existsSync(kept)) cpSync(kept, folder, { recursive: true });
  else {
    await load(script, folder);
    if (kept !== null) cpSync(folder, kept, { recursive: true });
  }
  return folder;
}

async function load(script: string, folder: string): Promise<void> {
  const miniflare = await open(script, folder);
  for (const name of Object.values(DATABASES))
    await migrate((await miniflare.getD1Database(name)) as unknown as D1Database);
  const added = (await miniflare.getD1Database(DATABASES.new)) as unknown as D1Database;
  await added.batch(TABLES.map((text) => added.prepare(text)));
  await miniflare.dispose();
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sqlite") && !name.includes("metadata"))
    .map((name) => join(folder, name));
  const isNew = (file: string) => {
    const sqlite = new DatabaseSync(file);
    const found = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'log_segments'").get();
    sqlite.close();
    return found !== undefined;
  };
  for (const file of files) await (isNew(file) ? loadNew(file) : loadToday(file));
}

/** Loads the database of the new core by the same statements on the same file, without a round trip for each. */
async function loadNew(file: string): Promise<void> {
  const { binding, close } = openLoader(file);
  const began = performance.now();
  let loaded = 0;
  const step = async (events: StoredEvent[]) => {
    loaded += (await appendSegments(binding, events)).stored;
    await runFigures(binding);
    await writeSegmentIds(binding);
    if (loaded % 100_000 === 0) tell("new", loaded, began);
  };
  let batch: StoredEvent[] = [];
  for (const event of everything(EVENTS)) {
    batch.push(event);
    if (batch.length < 5_000) continue;
    await step(batch);
    batch = [];
  }
  if (batch.length > 0) await step(batch);
  close();
}

async function loadToday(file: string): Promise<void> {
  const { db, close } = openLoader(file);
  const began = performance.now();
  const events = [...base(EVENTS)];
  for (let from = 0; from < events.length; from += 20_000) await append(db, events.slice(from, from + 20_000));
  for (const projection of GROUPS.tables.projections)
    while ((await advance({} as Env, db, projection, 0, LOADED_AT_MOST)).behind > 0);
  if (events.length < EVENTS) await tenfold(db);
  tell("today", EVENTS, began);
  close();
}

const tell = (core: Core, events: number, since: number): void =>
  console.log(
    `${core}: ${events.toLocaleString("en")} events loaded in ${Math.round((performance.now() - since) / 1_000)} s`,
  );

/** With the processor time of workerd, in milliseconds: it does not depend on other work of the machine. */
type Spent = Measured & { cpu: number };
const SUMS = ["append", "figures", "written", "read", "calls"] as const satisfies (keyof Measured)[];
const NOTHING: Spent = { append: 0, figures: 0, written: 0, read: 0, calls: 0, cpu: 0 };

export async function benchCore(): Promise<void> {
  const script = await bundled("bench/core-worker.ts");
  const folder = await loadedFolder(script);
  const miniflare = await open(script, folder);
  /** Both cores get the same events, in turns; the first one begins and ends. */
  const inTurn = async ({ batch, run, events }: Line, turns: number): Promise<Record<Core, Spent>> => {
    const spent = { today: { ...NOTHING }, new: { ...NOTHING } };
    for (let turn = 0; turn < turns; turn++) {
      for (const core of turn % 2 === 0 ? CORES : CORES.toReversed()) {
        const ask: Ask = { core, batch, run, events, loaded: EVENTS };
        const before = spentByChildren();
        const answer = await miniflare.dispatchFetch("http://core/", { method: "POST", body: JSON.stringify(ask) });
        if (!answer.ok) throw new Error(await answer.text());
        const took = (await answer.json()) as Measured;
        spent[core].cpu += spentByChildren() - before;
        for (const sum of SUMS) spent[core][sum] += took[sum];
      }
    }
    return spent;
  };
  // A first run, so that the code is compiled.
  await inTurn({ name: "warm", batch: 100, run: 1_000, events: 5_000 }, 4);

  console.log(`\nToday's core and the new one on a log of ${EVENTS.toLocaleString("en")} events, for each event:`);
  const rows: Record<string, string | number>[] = [];
  for (const line of ROWS) {
    const spent = await inTurn(line, 1);
    const each = (core: Core, sum: keyof Spent) => (spent[core][sum] / line.events).toFixed(2);
    rows.push({
      "events a run": line.name,
      "rows written, today": each("today", "written"),
      "rows written, new": each("new", "written"),
      "rows read, today": each("today", "read"),
      "rows read, new": each("new", "read"),
      "ms, today": ((spent.today.append + spent.today.figures) / line.events).toFixed(3),
      "ms, new": ((spent.new.append + spent.new.figures) / line.events).toFixed(3),
    });
  }
  console.table(rows);

  console.log("\nHow quickly, in turn:");
  const speeds: Record<string, string | number>[] = [];
  for (const { turns, ...line } of SPEED) {
    const spent = await inTurn(line, turns);
    const all = line.events * turns;
    const rate = (ms: number) => Math.round((all * 1_000) / ms);
    const both = ({ append: appended, figures }: Spent) => appended + figures;
    for (const core of CORES) {
      speeds.push({
        "events a run": line.name,
        "appended at once": line.batch,
        core,
        "append, events/s": rate(spent[core].append),
        "figures, events/s": rate(spent[core].figures),
        "both, events/s": rate(both(spent[core])),
        "times today": (both(spent.today) / both(spent[core])).toFixed(2),
        "CPU, µs an event": Math.round((spent[core].cpu * 1_000) / all),
        "times today, by CPU": (spent.today.cpu / spent[core].cpu).toFixed(2),
      });
    }
  }
  console.table(speeds);

  console.log("\nThe past under a filter that is new, and what it adds to a run of 1,000:");
  const filled: Record<string, string | number>[] = [];
  for (const [name, filter] of Object.entries(FILTERS)) {
    const ask: Fill = { project_id: "default", filter };
    const before = spentByChildren();
    const answer = await miniflare.dispatchFetch("http://core/", { method: "POST", body: JSON.stringify(ask) });
    if (!answer.ok) throw new Error(await answer.text());
    const cpu = spentByChildren() - before;
    const { ms, longest, pieces, written, read } = (await answer.json()) as Filled;
    const after = await inTurn({ name, batch: 100, run: 1_000, events: 2_000 }, 1);
    filled.push({
      filter: name,
      seconds: (ms / 1_000).toFixed(1),
      "CPU, s": (cpu / 1_000).toFixed(1),
      pieces,
      "longest, ms": longest,
      "rows read": read,
      "rows written": written,
      "rows written an event, then": (after.new.written / 2_000).toFixed(2),
    });
  }
  console.table(filled);
  await miniflare.dispose();
  rmSync(folder, { recursive: true, force: true });
}
