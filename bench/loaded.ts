/** A local D1 with millions of events of seeded traffic up to today, and all tables that are made from them. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sql } from "drizzle-orm";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { localTime } from "../worker/calendar.ts";
import type { StoredEvent } from "../worker/event.ts";
import { append } from "../worker/event-log/append.ts";
import { backfill } from "../worker/payouts/backfill.ts";
import { computeAll } from "../worker/payouts/compute.ts";
import type { Terms } from "../worker/payouts/terms.ts";
import { figures } from "../worker/projections/figures.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import type { Database } from "../worker/store/database.ts";
import { migrate } from "./database.ts";
import { openLoader } from "./sqlite.ts";
import { traffic } from "./traffic.ts";

export const DAY_MS = 86_400_000;
export const DAYS = 60;

/** Events that are appended at once, and events in a step of a projection: in a large group, each row is written once. */
const BATCH = 20_000;
const STEP = 100_000;

/** The user agent that a bot review of the benchmark judges to be a bot. */
export const NAMED_AGENT = "AcmeBrowser/1.0";
/** How many different values each field has; the first ones are the most frequent. */
const ORIGINS = { referrer: 40, landing_page: 25, s1: 300 };
const BROWSERS = ["Chrome", "Safari", "Samsung Internet for Android", "Firefox", "Microsoft Edge"];

/** Gives visits many origins; one in a hundred has the user agent that bot rules can name. */
function withOrigin(event: StoredEvent, n: number): StoredEvent {
  if (event.event_type !== "visit") return event;
  const spread = ((n * 2_654_435_761) % 4_294_967_296) / 4_294_967_296;
  const nth = (count: number, share: number) => Math.floor((share % 1) ** 2 * count);
  return {
    ...event,
    referrer: `site-${nth(ORIGINS.referrer, spread)}.example`,
    browser: BROWSERS[nth(BROWSERS.length, spread * 7)] ?? null,
    user_agent: n % 100 === 0 ? NAMED_AGENT : event.user_agent,
    data: JSON.stringify({
      landing_page: `/offer-${nth(ORIGINS.landing_page, spread * 13)}`,
      s1: `banner-${nth(ORIGINS.s1, spread * 31)}`,
    }),
  };
}

/** A registration pays 20 EUR after a week; a deposit a quarter of the month's net deposits, once somebody approves it. */
const RULES: Pick<Terms, "event_type" | "amount" | "share" | "hold_days">[] = [
  { event_type: "registration", amount: 200_000, share: null, hold_days: 7 },
  { event_type: "deposit", amount: null, share: 250_000, hold_days: null },
];

async function makeRules(db: Database, first: string): Promise<void> {
  for (const rule of RULES) {
    const terms: Terms = {
      ...{ currency: "EUR", first_deposit: false, min_amount: null, tiers_by: null, tiers: [] },
      ...{ cap_day: null, cap_month: null },
      ...rule,
    };
    await db.run(sql`INSERT INTO payout_rules (id, version, project_id, name, valid_from, terms, made_at)
      VALUES (${rule.event_type}, 1, 'default', ${rule.event_type}, ${first}, ${JSON.stringify(terms)}, 0)`);
  }
}

export type Loaded = { binding: D1Database; close(): Promise<void> };

/** A folder with the loaded database. `STATE=<folder>` keeps it, and uses it if it is there already; else the caller removes it. */
export async function loadedIn(events: number): Promise<{ folder: string; kept: boolean }> {
  const kept = process.env.STATE ? resolve(process.env.STATE) : null;
  const folder = kept ?? mkdtempSync(join(tmpdir(), "bench-reports-"));
  if (kept === null) await load(folder, events);
  else if (!existsSync(kept)) {
    // The folder gets its name at the end, so that a load that breaks off leaves no database.
    const loading = `${kept}.loading`;
    rmSync(loading, { recursive: true, force: true });
    await load(loading, events);
    renameSync(loading, kept);
  }
  return { folder, kept: kept !== null };
}

export async function openLoaded(events: number): Promise<Loaded> {
  const { folder, kept } = await loadedIn(events);
  const miniflare = open(folder);
  return {
    binding: (await miniflare.getD1Database("DB")) as unknown as D1Database,
    close: async () => {
      await miniflare.dispose();
      if (!kept) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The events of the day after a load of so many events: known players, and visitors who come for the first time. */
export function* eventsAfter(loaded: number): Generator<StoredEvent> {
  const end = Date.now() - (Date.now() % DAY_MS) + DAY_MS;
  let n = loaded;
  for (const event of traffic(loaded, { seed: 2, days: 1, end }))
    yield withOrigin(event.player_id === null ? { ...event, visitor_id: `later-${n}` } : event, n++);
}

const open = (folder: string) =>
  new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch: () => new Response(null) }",
      d1Databases: ["DB"],
      resourcePersistencePath: folder,
    }),
  );

async function load(folder: string, events: number): Promise<void> {
  const miniflare = open(folder);
  await migrate((await miniflare.getD1Database("DB")) as unknown as D1Database);
  await miniflare.dispose();
  const { db, close } = openLoader(databaseIn(folder));
  await fill(db, events);
  close();
}

/** The file of the database in a folder of state. */
export function databaseIn(folder: string): string {
  const file = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((name) =>
    /d1\/.*\/[0-9a-f]+\.sqlite$/.test(name),
  );
  if (file === undefined) throw new Error(`There is no database in ${folder}.`);
  return join(folder, file);
}

/** Appends events to an empty log, and makes all tables from them. */
export async function fill(db: Database, events: number): Promise<void> {
  const end = Date.now() - (Date.now() % DAY_MS);
  const started = performance.now();
  let loaded = 0;
  let projected = 0;
  const report = async () => {
    await project(db);
    const seconds = (performance.now() - started) / 1_000;
    console.log(`${loaded.toLocaleString("en")} events loaded and projected, ${Math.round(loaded / seconds)} a second`);
    projected = loaded;
  };
  await makeRules(db, localTime("UTC", end - DAYS * DAY_MS).date);
  let taken: Parameters<typeof append>[1][number][] = [];
  for (const event of traffic(events, { days: DAYS, end })) {
    taken.push(withOrigin(event, loaded + taken.length));
    if (taken.length < BATCH && loaded + taken.length < events) continue;
    await append(db, taken);
    loaded += taken.length;
    taken = [];
    if (loaded - projected >= STEP || loaded === events) await report();
  }
  const room = { toBegin: () => true, forCalls: () => true, computed: 0 };
  await backfill(db, "default", room);
  await computeAll(db, room);
  console.log(`${room.computed} months of payouts computed`);
}

async function project(db: Database): Promise<void> {
  // The figures first: when they have the whole log, reports are made from them, and the tables do not count the same again.
  for (const projection of [figures, ...GROUPS.tables.projections])
    while ((await advance({ LOCAL: "1" } as Env, db, projection, Date.now(), STEP)).behind > 0);
}
