/**
 * A lost log is restored by `npm run restore`, in a separate workerd with a local D1 and R2: how long it takes until the
 * figures are complete, and how much memory the command and the Worker need.
 */
import { spawn } from "node:child_process";
import { append } from "../worker/event-log/append.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { databaseOf } from "../worker/store/database.ts";
import { mostHeld, watchHeap } from "./heap.ts";
import { bundled, type Line, serve, TOKEN } from "./server.ts";
import { traffic } from "./traffic.ts";

/** `EVENTS=1000000 npm run bench restore` restores a million events. */
const EVENTS = Number(process.env.EVENTS ?? 100_000);
const AT_ONCE = 2_000;
/** A time long after the last event was received. */
const NOW = Date.parse("2026-06-01T00:00:00Z");
const EACH_MS = 250;

/** Runs the command itself; returns the most memory that it used, in bytes. */
async function restore(port: number): Promise<number> {
  const env = { ...process.env, EDGEPIXEL_KEY: TOKEN };
  const command = spawn(process.execPath, ["scripts/restore.ts", "--url", `http://127.0.0.1:${port}`], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, mostHeld(command.pid));
  }, EACH_MS);
  const code = await new Promise((ended) => command.on("exit", ended));
  clearInterval(watching);
  if (code !== 0) throw new Error(`npm run restore ended with ${code}.`);
  return most;
}

/** All projections except the archive's, which wait for the end of an interval. */
const FIGURES = [...GROUPS.live.projections, ...GROUPS.tables.projections].map(({ name }) => name as string);

async function untilProjected(port: number): Promise<void> {
  for (let lag = 1; lag > 0; ) {
    await new Promise((done) => setTimeout(done, EACH_MS));
    // The server closes a connection that had to wait for a long query, so each request opens a new one.
    const headers = { authorization: `Bearer ${TOKEN}`, connection: "close" };
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/projections`, { headers }).catch(() => null);
    if (!answer) continue;
    const { rows } = (await answer.json()) as { rows: { name: string; lag_events: number; error: string | null }[] };
    const failed = rows.find(({ error }) => error !== null);
    if (failed) throw new Error(`${failed.name}: ${failed.error}`);
    lag = Math.max(...rows.filter(({ name }) => FIGURES.includes(name)).map(({ lag_events }) => lag_events));
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);

export async function benchRestore(): Promise<void> {
  const steps: number[] = [];
  const projecting: Record<string, number> = {};
  const hear = ({ message, route, projection, ms }: Line) => {
    if (message === "request" && String(route).endsWith("/archive/restore")) steps.push(Number(ms));
    if (message === "projected") projecting[String(projection)] = (projecting[String(projection)] ?? 0) + Number(ms);
  };
  const { miniflare, port } = await serve(await bundled(), { databases: ["LOST"], hear });
  const rows: Record<string, string | number>[] = [];
  const time = async (what: string, work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    const seconds = (performance.now() - started) / 1_000;
    rows.push({ what, seconds: Number(seconds.toFixed(1)), "events/s": Math.round(EVENTS / seconds) });
    console.error(`${what}: ${seconds.toFixed(1)} s`);
  };

  const DB = (await miniflare.getD1Database("LOST")) as unknown as D1Database;
  const lost = { DB, ARCHIVE: await miniflare.getR2Bucket("ARCHIVE") } as unknown as Env;
  const db = databaseOf({ DB });
  const events = traffic(EVENTS);
  const next = () => Array.from({ length: AT_ONCE }, () => events.next().value).filter((event) => event !== undefined);
  await time("append", async () => {
    for (let n = 0; n < EVENTS; n += AT_ONCE) await append(db, next());
  });
  await time("archive", async () => {
    for (const projection of GROUPS.archive.projections) while ((await advance(lost, db, projection, NOW)).behind > 0);
  });
  const heap = await watchHeap(miniflare);
  let command = 0;
  await time("restore", async () => {
    command = await restore(port);
  });
  const restoring = heap.most();
  await time("figures", () => untilProjected(port));
  const both = heap.most();
  heap.end();
  await miniflare.dispose();
  console.log(`\n${EVENTS.toLocaleString("en")} events lost and restored, in ${steps.length} steps:`);
  console.table(rows);
  console.log("Milliseconds of each projection:", projecting);
  console.log(
    `The longest step took ${Math.max(...steps)} ms. The Worker's isolate held at most ${megabytes(restoring)} MB while it
restored, garbage included, and ${megabytes(both)} MB with the figures; the command ${megabytes(command)} MB in all.`,
  );
}
