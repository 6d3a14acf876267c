/**
 * How long each report takes on a local D1 with a million events (`EVENTS=10000000` for ten), and how many rows it
 * reads, which is what D1 bills.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { append } from "../worker/event-log/append.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { REPORTS } from "../worker/reports/index.ts";
import { periodOf } from "../worker/reports/period.ts";
import { openDatabase, projects } from "../worker/schema.ts";
import { migrate } from "./database.ts";
import { openLoader } from "./sqlite.ts";
import { traffic } from "./traffic.ts";

const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
const DAYS = 60;
const END = Date.parse("2026-05-31T00:00:00Z");
const PERIOD = { from: "2026-05-01", to: "2026-05-30" };

const open = (folder: string) =>
  new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch: () => new Response(null) }",
      d1Databases: ["DB"],
      resourcePersistencePath: folder,
    }),
  );
const databaseIn = async (miniflare: Miniflare) => (await miniflare.getD1Database("DB")) as unknown as D1Database;

async function load(folder: string): Promise<void> {
  const miniflare = open(folder);
  await migrate(await databaseIn(miniflare));
  await miniflare.dispose();
  const file = readdirSync(folder, { recursive: true, encoding: "utf8" }).find(
    (name) => name.endsWith(".sqlite") && !name.includes("metadata"),
  );
  const { db, close } = openLoader(join(folder, file as string));
  const env = {} as Env;
  const started = performance.now();
  let taken: Parameters<typeof append>[1][number][] = [];
  let loaded = 0;
  const take = async () => {
    await append(db, taken);
    loaded += taken.length;
    taken = [];
    for (const projection of GROUPS.tables.projections)
      while ((await advance(env, db, projection, 0, 20_000)).behind > 0);
    if (process.stderr.isTTY) process.stderr.write(`\r${loaded.toLocaleString("en")} events `);
  };
  for (const event of traffic(EVENTS, { days: DAYS, end: END })) if (taken.push(event) === 20_000) await take();
  if (taken.length > 0) await take();
  close();
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `\nLoaded and projected ${loaded.toLocaleString("en")} events, ${Math.round(loaded / seconds)} a second.`,
  );
}

/** Counts the rows that statements read. */
function metered(binding: D1Database): { binding: D1Database; rows(): number } {
  let rows = 0;
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => wrap(target.bind(...values));
        if (name === "raw")
          return async () => {
            const { results, meta } = await target.all<Record<string, unknown>>();
            rows += meta.rows_read ?? 0;
            return results.map((row) => Object.values(row));
          };
        if (name === "all" || name === "run")
          return async () => {
            const answer = await target.all();
            rows += answer.meta.rows_read ?? 0;
            return answer;
          };
        return Reflect.get(target, name).bind(target);
      },
    });
  const proxy = new Proxy(binding, {
    get: (target, name) =>
      name === "prepare" ? (text: string) => wrap(target.prepare(text)) : Reflect.get(target, name).bind(target),
  });
  return { binding: proxy, rows: () => rows };
}

export async function benchReports(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-reports-"));
  try {
    await load(folder);
    const miniflare = open(folder);
    const { binding, rows } = metered(await databaseIn(miniflare));
    const db = openDatabase(binding);
    const [project] = await db.select().from(projects);
    if (!project) throw new Error("There is no project.");
    const principal = { role: "admin", project_id: null, banner_tags: null, key_id: null } as const;
    const results = [];
    for (const report of REPORTS) {
      for (const query of ["", ...(report.tries ?? [])]) {
        const params = {
          player_id: "player-1",
          app_id: "slots",
          name: "visits",
          event_id: "none",
          report_id: "daily-2026-05-02",
        };
        const given = { ...Object.fromEntries(new URLSearchParams(query)), ...PERIOD };
        const parsed = report.query.safeParse(given);
        const asked = {
          env: { DB: binding } as Env,
          db,
          project,
          principal,
          tags: null,
          query: parsed.success ? parsed.data : report.query.parse(Object.fromEntries(new URLSearchParams(query))),
          params,
          period: periodOf(project, PERIOD, END),
          now: END,
        } as unknown as never;
        const before = rows();
        const times: number[] = [];
        let error = "";
        for (let round = 0; round < 2 && !error; round++) {
          const started = performance.now();
          await report.read(asked).catch((problem: unknown) => {
            error = String(problem).slice(0, 60);
          });
          times.push(performance.now() - started);
        }
        results.push({
          report: `${report.path}${query ? `?${query}` : ""}`,
          ms: Math.round(Math.min(...times)),
          "rows read": Math.round((rows() - before) / times.length),
          ...(error && { error }),
        });
      }
    }
    console.log(`\nReports of 30 days on ${EVENTS.toLocaleString("en")} events over ${DAYS}:`);
    console.table(results);
    await miniflare.dispose();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
