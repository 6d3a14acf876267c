/**
 * The whole of Edgepixel, for tests from outside: workerd with its own D1, queues, R2 and Durable Objects, as
 * `wrangler dev` runs it. Wrangler's proxy is left out: it takes two thirds of the time of each request, and
 * sometimes ends on a busy machine (https://github.com/cloudflare/workers-sdk/issues/15317). `start-command.ts` has that too.
 */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as optionsOf } from "wrangler";
import { databaseFile } from "../scripts/start/migrations.ts";
import { makeToken } from "../scripts/start/token.ts";
import { bundle, entryIn } from "./bundled.ts";
import { newState } from "./new-state.ts";

const ROOT = resolve(import.meta.dirname, "..");
const CRON_MS = 60_000;
/** Generous for busy machines: it only ends tests that hang. */
const PATIENCE_MS = 120_000;

export type Server = {
  url: string;
  /** The ADMIN_TOKEN, which may do everything. */
  token: string;
  port: number;
  persistTo: string;
  /** Runs cron now. Fails if the Worker reports a failure. */
  runCron(): Promise<void>;
  stop(): Promise<void>;
};

/** The static files, unless they were built before. */
export function buildFiles(): void {
  const built = ["index.html", "pixel.js", "demo/index.html", "docs/index.html"].every((file) =>
    existsSync(join(ROOT, "dist", file)),
  );
  if (process.env.EDGEPIXEL_PREBUILT === "1" && built) return;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/build.ts"], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(`The static files could not be built:\n${stdout}${stderr}`);
}

export function adminToken(root = ROOT): string {
  const file = join(root, ".dev.vars");
  makeToken(file);
  const token = /^ADMIN_TOKEN=(.+)$/m.exec(readFileSync(file, "utf8"))?.[1]?.replace(/^"|"$/g, "");
  if (!token) throw new Error("There is no ADMIN_TOKEN in .dev.vars.");
  return token;
}

/** Starts on a free port with a new database, unless others are given; runs until `stop`. */
export async function startServer(options: { port?: number; persistTo?: string } = {}): Promise<Server> {
  buildFiles();
  const token = adminToken();
  const persistTo = options.persistTo ?? newState();
  const { workerOptions } = optionsOf(join(ROOT, "wrangler.toml"));
  const { folder, modules } = entryIn(await bundle());
  /** The line of an invocation that asked for more than its plan allows. */
  let overrun: string | undefined;
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      ...workerOptions,
      name: "edgepixel",
      bindings: { ...(workerOptions.bindings as Record<string, string>), ADMIN_TOKEN: token, LOCAL: "1" },
      modulesRoot: folder,
      modules: modules.map((path) => ({ type: "ESModule" as const, path })),
      host: "localhost",
      port: options.port ?? 0,
      handleStructuredLogs: ({ message }) => {
        if (message.includes('"message":"budget spent"')) overrun ??= message;
      },
    }),
    resourcePersistencePath: join(persistTo, "v3"),
  });
  const url = (await miniflare.ready).origin;
  const worker = await miniflare.getWorker();
  const runCron = async () => {
    const { outcome } = await worker.scheduled({ cron: "* * * * *" });
    if (outcome !== "ok") throw new Error(`Cron ended with ${outcome}.`);
  };
  const cron = setInterval(() => void runCron().catch(() => undefined), CRON_MS);
  const stop = async () => {
    clearInterval(cron);
    await miniflare.dispose();
    if (overrun) throw new Error(`An invocation asked for more than its plan allows: ${overrun}`);
  };
  return { url, token, port: Number(new URL(url).port), persistTo, runCron, stop };
}

export async function within(ms: number, done: () => Promise<boolean>): Promise<boolean> {
  const until = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > until) return false;
    await new Promise((next) => setTimeout(next, 50));
  }
  return true;
}

/** The name of the first database's local file in wrangler.toml. */
const MAIN_ID = "edgepixel";

/** The database file of the running server; `localId` names that of a shard. */
export function inDatabase<Result>(
  { persistTo }: Server,
  act: (database: DatabaseSync) => Result,
  localId = MAIN_ID,
): Result {
  const database = new DatabaseSync(databaseFile(persistTo, localId), { timeout: 10_000 });
  try {
    return act(database);
  } finally {
    database.close();
  }
}
export const changeDatabase = (server: Server, sql: string): void =>
  inDatabase(server, (database) => database.exec(sql));

/**
 * The number of events in the log by type, of those that match `where`, once all events sent so far have arrived: it sends
 * one more event and waits for it.
 */
export async function logged(server: Server, where: string): Promise<Record<string, number>> {
  const event_id = `behind-${randomUUID()}`;
  const sent = await fetch(`${server.url}/visit?player_id=behind&btag=behind&event_id=${event_id}`);
  if (sent.status !== 200) throw new Error(`The last event was answered ${sent.status}.`);
  const isThere = () =>
    report(server, `events/${event_id}`).then(
      () => true,
      () => false,
    );
  if (!(await within(PATIENCE_MS, isThere))) throw new Error(`${event_id} did not come through.`);
  return inDatabase(server, (database) => {
    const rows = database.prepare(`SELECT event_type, count(*) AS n FROM events WHERE ${where} GROUP BY 1`).all();
    return Object.fromEntries(rows.map(({ event_type, n }) => [String(event_type), Number(n)]));
  });
}

/** A report's JSON, as the admin reads it. */
export async function report<Body>(server: Server, path: string): Promise<Body> {
  const answer = await fetch(`${server.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${server.token}` } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}
