/**
 * Every pair of independent writers at the same time: one is stopped at a call of the bucket or the database while the
 * other does all its work. In any order, nothing is lost, doubled or damaged, and nothing of an erased person remains.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { at, COLUMNS } from "../../worker/archive/columns.ts";
import { compact } from "../../worker/archive/compaction.ts";
import { saveSettings } from "../../worker/archive/settings.ts";
import { sweep } from "../../worker/archive/sweep.ts";
import { localTime } from "../../worker/calendar.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { writeEventIds } from "../../worker/event-log/event-ids.ts";
import { restoreStep } from "../../worker/event-log/restore.ts";
import { GROUPS, PROJECTIONS } from "../../worker/projections/index.ts";
import { anySettled, rebuild } from "../../worker/projections/runner.ts";
import { REPORT_TYPE_NAMES } from "../../worker/reports/aggregate/report-types.ts";
import { keepReports } from "../../worker/reports/aggregate.ts";
import { retain } from "../../worker/retention/retain.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { archivedRows, emptyBucket, keysIn } from "./bucket.ts";
import { type Call, unwoken } from "./gate.ts";
import { createProject, db, figuresIn, keepToTables, storedEvent } from "./log.ts";
import { lose } from "./loss.ts";
import { figuresOf } from "./oracle.ts";
import { besides, callsOf, chosen, early, erase, lost, runAll, texts, Waits, type Writer } from "./pair.ts";
import { stateNow } from "./state.ts";

// It looks into the tables.
beforeAll(keepToTables);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 4, 1, 10);
const NOW = START + 100 * DAY;
const WINDOW = 1;
const PEOPLE = { keeps: ["alice-77", "bobby-55", "carol-33"], sweeps: ["david-11", "erwin-22", "fiona-44"] };

let sent: StoredEvent[];
/** Restores the state that `populate` has made. */
let begin: () => Promise<void>;

beforeAll(async () => {
  await populate();
  begin = await stateNow();
});

const event = (project_id: string, player_id: string, n: number, more: Partial<StoredEvent> = {}) =>
  storedEvent({
    project_id,
    event_type: n % 3 === 2 ? "deposit" : "visit",
    event_id: `${project_id}-${n}`,
    player_id,
    timestamp: START + (n % 2) * HOUR + n,
    received_at: START + n,
    banner_tag: n % 4 ? "summer" : null,
    ...(n % 3 === 2 && { amount: 10_000 * n, currency: "USD" }),
    ...more,
  });

/** Two projects, one with retention; two files of each hour; and events that nothing has read yet. */
async function populate(): Promise<void> {
  await emptyBucket();
  await lose();
  for (const project_id of ["keeps", "sweeps"]) await createProject(project_id, { attribution_days: WINDOW });
  await env.DB.prepare("UPDATE projects SET retention = ? WHERE project_id = 'sweeps'")
    .bind('{"events_days":33,"figures_days":40,"archive_days":40,"purchases_days":40}')
    .run();
  sent = [];
  for (let round = 0; round < 3; round++) {
    const events = Object.entries(PEOPLE).flatMap(([project_id, people]) =>
      people.map((player_id, n) => event(project_id, player_id, round * people.length + n)),
    );
    events.push(
      event("keeps", "carol-33", 90 + round, { data: JSON.stringify({ friends: ["alice-77", "bobby-55"] }) }),
    );
    sent.push(...events);
    await append(db, events);
    // The events of the last round are for the duties.
    if (round < 2) await runAll(unwoken, PROJECTIONS, NOW);
  }
  await env.DB.prepare(
    "INSERT INTO audit (at, actor, project_id, action, subject, details) VALUES (0, 'admin', 'keeps', 'player.export', 'alice-77', '{\"beside\":\"bobby-55\"}')",
  ).run();
}

/** All writers, by themselves or on request. A new one is added here as a line. */
const DUTIES: Writer[] = [
  { name: "retention", run: (own) => retain(own, databaseOf(own), NOW, () => true), forgets: true },
  { name: "an erasure", run: (own) => erase(own, "keeps", "alice-77", NOW), person: "alice-77" },
  { name: "another erasure", run: (own) => erase(own, "keeps", "bobby-55", NOW), person: "bobby-55" },
  { name: "a merge", run: (own) => compact(own, databaseOf(own), NOW) },
  { name: "a run of the archive", run: (own) => runAll(own, GROUPS.archive.projections, NOW) },
  { name: "the tables", run: (own) => runAll(own, GROUPS.tables.projections, NOW) },
  { name: "kept reports", run: keepAll },
  { name: "ids in pages", run: (own) => writeEventIds(databaseOf(own), 1, 3) },
  { name: "a rebuild", run: rebuilt },
  { name: "the copy of the settings", run: (own) => saveSettings(own.ARCHIVE, databaseOf(own), NOW) },
];

async function keepAll(own: Env): Promise<void> {
  const clocks = ["keeps", "sweeps"].map((project_id) => ({ project_id, today: localTime("UTC", NOW).date }));
  const period = { from: "2026-04-01", to: "2026-06-30" };
  for (const type of REPORT_TYPE_NAMES) await keepReports(databaseOf(own), type, clocks, period, NOW, 100);
}
async function rebuilt(own: Env): Promise<void> {
  const database = databaseOf(own);
  if (!(await anySettled(database))) await rebuild(own, database, PROJECTIONS, "identities");
}

/** Conditions that hold after any order. */
async function isSound(duties: readonly Writer[]): Promise<void> {
  for (let times = 0; ; times++) {
    const waits = await Promise.all(duties.map(({ run }) => run(unwoken).catch((error: unknown) => error)));
    const failures = waits.filter(
      (outcome) => outcome instanceof Error && !(outcome instanceof Waits) && !lost(outcome) && !early(outcome),
    );
    expect(failures).toEqual([]);
    if (!waits.some((outcome) => outcome instanceof Error)) break;
    expect(times).toBeLessThan(20);
  }
  await runAll(unwoken, PROJECTIONS, NOW);
  await keepAll(unwoken);
  // Files that were archived after the day's pass are removed by the next one.
  const forgets = duties.some((duty) => duty.forgets);
  if (forgets) for (const day of [0, 1]) await retain(unwoken, db, NOW + day * DAY, () => true);
  while (!(await sweep(env, db, NOW)));

  const rows = await archivedRows();
  const named = (project_id: string) =>
    rows
      .filter((row) => row[at("project_id")] === project_id)
      .map((row) => [row[at("event_id")], row[at("player_id")]])
      .sort();
  const log = async (project_id: string) =>
    await env.DB.prepare("SELECT event_id, player_id FROM events WHERE project_id = ? ORDER BY event_id")
      .bind(project_id)
      .raw();
  const ids = sent.filter(({ project_id }) => project_id === "keeps").map(({ event_id }) => event_id);
  expect((await log("keeps")).map(([id]) => id)).toEqual(ids.toSorted());
  expect(named("keeps")).toEqual(await log("keeps"));
  expect([named("sweeps").length, (await log("sweeps")).length]).toEqual(forgets ? [0, 0] : [9, 9]);
  const states = await env.DB.prepare(
    "SELECT state, key FROM archive_files WHERE state IN ('live', 'fenced') ORDER BY key",
  ).all<{ key: string }>();
  expect(await keysIn("events/")).toEqual(states.results.map(({ key }) => key));

  const columns = COLUMNS.map(({ name }) => name).join(", ");
  const { results } = await env.DB.prepare(
    `SELECT ${columns} FROM events WHERE project_id = 'keeps' ORDER BY seq`,
  ).all<StoredEvent>();
  expect(await figuresIn("keeps")).toEqual(figuresOf(results, WINDOW));
  const reports = await env.DB.prepare(`SELECT r.events, (SELECT sum(total) FROM daily_metrics d
    WHERE d.project_id = r.project_id AND d.event_date BETWEEN r.from_date AND r.to_date) AS counted
    FROM aggregated_reports r`).all<{ events: number; counted: number }>();
  expect(reports.results.map(({ events }) => events)).toEqual(reports.results.map(({ counted }) => counted));

  const everything = await texts();
  const persons = duties.flatMap(({ person }) => person ?? []);
  expect(persons.filter((person) => everything.includes(person))).toEqual([]);
  expect(await env.DB.prepare("SELECT count(*) AS n FROM erasures WHERE signature IS NOT NULL").first("n")).toBe(
    persons.length,
  );
}

/** Each duty is stopped as it writes a file, and as it writes to the database. */
const atPut = (held: number, other: number): boolean => ((held + other) % 2 === 0) === held < other;

describe("stopped at one of its calls while another one works", () => {
  it.each(DUTIES.map((duty) => [duty.name, duty] as const))("%s does not affect the other", async (_, held) => {
    const calls = { put: await callsOf(held, "put", begin), batch: await callsOf(held, "batch", begin) };
    for (const [turn, other] of DUTIES.entries()) {
      if (other === held) continue;
      const call = calls.put > 0 && atPut(DUTIES.indexOf(held), turn) ? "put" : "batch";
      for (const nth of chosen(calls[call], turn)) {
        await begin();
        await besides(held, call, nth, other);
        await isSound([held, other]).catch((error: unknown) => {
          throw new Error(`${held.name}, held at ${call} ${nth} of ${calls[call]}, beside ${other.name}`, {
            cause: error,
          });
        });
      }
    }
  });
});

describe("a lost log that is restored from its archive", () => {
  /** Restores the state after a loss: everything is in the archive, and the database is new. */
  let lostAgain: () => Promise<void>;

  beforeAll(async () => {
    await begin();
    await runAll(unwoken, PROJECTIONS, NOW);
    await saveSettings(env.ARCHIVE, db, NOW);
    await lose();
    lostAgain = await stateNow();
  });

  /** A restore of few events at a time, which takes many steps. */
  const RESTORE: Writer = {
    name: "a restore",
    async run(own) {
      const database = databaseOf(own);
      for (let phase = ""; phase !== "done"; ) {
        try {
          ({ phase } = await restoreStep(own, database, NOW, (statements) => transact(database, statements), 5));
        } catch (error) {
          if (!lost(error)) throw error;
        }
      }
    },
  };

  async function together(held: Writer, call: Call, nth: number, other: Writer): Promise<void> {
    await lostAgain();
    await besides(held, call, nth, other);
    await isSound([RESTORE, held === RESTORE ? other : held]).catch((error: unknown) => {
      throw new Error(`${held.name}, held at ${call} ${nth}, beside ${other.name}`, { cause: error });
    });
  }

  it.each(DUTIES.map((duty, turn) => [duty.name, duty, turn] as const))(
    "is complete when %s runs at the same time",
    async (_, duty, turn) => {
      for (const call of ["get", "batch"] as const) {
        const calls = await callsOf(RESTORE, call, lostAgain);
        // The first batch begins the restore: before it, the duty has done all its work on an empty log.
        for (const nth of new Set([...(call === "batch" ? [1] : []), ...chosen(calls, turn)]))
          await together(RESTORE, call, nth, duty);
      }
      for (const call of ["put", "batch"] as const) {
        const calls = await callsOf(duty, call, lostAgain);
        for (const nth of chosen(calls, 0)) await together(duty, call, nth, RESTORE);
      }
    },
  );
});
