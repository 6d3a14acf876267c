/** A lost log brought back from its archive, on a local D1 and R2: how long it takes, and how much memory. */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { append } from "../worker/event-log/append.ts";
import { restoreStep } from "../worker/event-log/restore.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { type Database, openDatabase, transact } from "../worker/schema.ts";
import { migrate } from "./database.ts";
import { traffic } from "./traffic.ts";

/** `EVENTS=1000000 npm run bench restore` takes as many. */
const EVENTS = Number(process.env.EVENTS ?? 100_000);
const AT_ONCE = 2_000;
/** When the last event has long been received. */
const NOW = Date.parse("2026-06-01T00:00:00Z");

async function openLog(miniflare: Miniflare, name: string, ARCHIVE: R2Bucket): Promise<{ db: Database; env: Env }> {
  const DB = (await miniflare.getD1Database(name)) as unknown as D1Database;
  await migrate(DB);
  const LIVE = { getByName: () => ({ clear: async () => undefined }) };
  return { db: openDatabase(DB), env: { DB, ARCHIVE, LIVE } as unknown as Env };
}

type Group = keyof typeof GROUPS;
async function runAll({ env, db }: { env: Env; db: Database }, group: Group): Promise<void> {
  for (const projection of GROUPS[group].projections) while ((await advance(env, db, projection, NOW)).behind > 0);
}

export async function benchRestore(): Promise<void> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch: () => new Response(null) }",
      d1Databases: ["LOST", "NEW"],
      r2Buckets: ["ARCHIVE"],
    }),
  );
  const bucket = (await miniflare.getR2Bucket("ARCHIVE")) as unknown as R2Bucket;
  const lost = await openLog(miniflare, "LOST", bucket);
  const found = await openLog(miniflare, "NEW", bucket);
  const rows: Record<string, string | number>[] = [];
  const time = async (what: string, work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    const seconds = (performance.now() - started) / 1_000;
    rows.push({ what, seconds: Number(seconds.toFixed(1)), "events/s": Math.round(EVENTS / seconds) });
  };

  const events = traffic(EVENTS);
  const next = () => Array.from({ length: AT_ONCE }, () => events.next().value).filter((event) => event !== undefined);
  await time("append", async () => {
    for (let n = 0; n < EVENTS; n += AT_ONCE) await append(lost.db, next());
  });
  await time("archive", () => runAll(lost, "archive"));
  let steps = 0;
  let longest = 0;
  let most = 0;
  await time("restore", async () => {
    for (let phase = ""; phase !== "done"; steps++) {
      const started = performance.now();
      ({ phase } = await restoreStep(found.env, found.db, NOW, (statements) => transact(found.db, statements)));
      longest = Math.max(longest, performance.now() - started);
      most = Math.max(most, process.memoryUsage().heapUsed);
    }
  });
  await time("projections", () => runAll(found, "tables"));
  await miniflare.dispose();
  console.log(`\n${EVENTS.toLocaleString("en")} events lost and restored, in ${steps} steps:`);
  console.table(rows);
  console.log(
    `The longest step took ${Math.round(longest)} ms; at most ${Math.round(most / 1e6)} MB of heap were in use.`,
  );
}
