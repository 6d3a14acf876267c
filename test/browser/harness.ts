/** A real server and a real browser, for the tests that look at Edgepixel from outside. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  type APIResponse,
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
  type Route,
} from "playwright-core";
import { migrationsInto } from "../../scripts/start/migrations.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;
const MOST_STARTS = 5;
/** A busy machine takes its time: this only ends what hangs. */
const PATIENCE_MS = 120_000;

/**
 * Chromium's path, undefined where there is none: the tests are then skipped. The shell is the same browser without its
 * own windows, and takes a quarter less of the processor's time.
 */
export const browserPath: string | undefined = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));

export async function launch(): Promise<Browser> {
  if (!browserPath) throw new Error("There is no Chromium here; set CHROMIUM_PATH.");
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Drawing what moves without a graphics card takes a core.
      "--force-prefers-reduced-motion",
      // A headless browser says that it is one, and is taken for a bot.
      "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ],
  });
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
  };
  return browser;
}

/** A page in a context of its own: no storage and no cookies shared with any other. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  return page;
}

type SignedIn = NonNullable<Parameters<Browser["newContext"]>[0]> & { key?: string };

/** A page whose session is of a key, the administrator's unless told otherwise; it is at no address yet. */
export async function signIn(
  browser: Browser,
  { url, token }: Server,
  { key = token, ...options }: SignedIn = {},
): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  const answer = await page.request.post(`${url}/api/v1/session`, { data: { key } });
  if (answer.status() !== 200) throw new Error(`The key was answered with ${answer.status()}.`);
  return page;
}

/** The same, at an address of the dashboard. */
export async function signInAt(browser: Browser, server: Server, path: string, options?: SignedIn): Promise<Page> {
  const page = await signIn(browser, server, options);
  await page.goto(`${server.url}${path}`);
  return page;
}

export const press = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole("button", { name }).first().click();
export const inDialog = (page: Page): Locator => page.getByRole("dialog");

/** Another system, which receives requests over HTTP, and its answers. */
export async function startReceiver(
  answers: (request: { url: string; body: string }) => { status: number; text: string },
): Promise<{ url: string; stop: () => void }> {
  const receiver = createHttpServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { status, text } = answers({ url: request.url ?? "", body });
    response.writeHead(status).end(text);
  });
  await new Promise<void>((listening) => receiver.listen(0, "127.0.0.1", listening));
  const { port } = receiver.address() as AddressInfo;
  const stop = () => {
    receiver.closeAllConnections();
    receiver.close();
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

type Answer = NonNullable<Parameters<Route["fulfill"]>[0]>;

/** Lets requests through and changes their answers. Those that are under way when the page closes end with it. */
export async function changeAnswers(
  page: Page | BrowserContext,
  url: string | RegExp,
  change: (response: APIResponse) => Answer,
): Promise<void> {
  await page.route(url, async (route) => {
    try {
      const response = await route.fetch();
      await route.fulfill({ response, ...change(response) });
    } catch (error) {
      if (!/disposed|closed/.test(String(error))) throw error;
    }
  });
}

/**
 * Handles the first such request, and lets the others through. The route stays: when one goes, as after Playwright's
 * `times`, a request that comes in that moment may hang for ever.
 */
export async function handleFirst(
  page: Page | BrowserContext,
  url: string,
  handle: (route: Route) => Promise<unknown>,
): Promise<void> {
  let first = true;
  await page.route(url, async (route) => {
    if (!first) return route.fallback();
    first = false;
    await handle(route);
  });
}

export type Server = {
  url: string;
  /** The ADMIN_TOKEN, which may do everything. */
  token: string;
  port: number;
  persistTo: string;
  /** The process of `scripts/start.ts`. */
  process: ChildProcess;
  /** The end of what it printed, 20,000 characters at most. */
  output(): string;
  stop(): Promise<void>;
};

/** A migrated database without data, made once for each state of the migrations: making it takes longer than starting. */
export function emptyState(): string {
  const names = readdirSync(join(ROOT, "migrations")).sort();
  const hash = createHash("sha256");
  for (const name of names) hash.update(name).update(readFileSync(join(ROOT, "migrations", name)));
  const made = join(ROOT, "node_modules/.cache/edgepixel", `state-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(made)) return made;
  mkdirSync(dirname(made), { recursive: true });
  const making = mkdtempSync(`${made}-`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["node_modules/wrangler/bin/wrangler.js", ...migrationsInto(making)],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, CI: "true", WRANGLER_SEND_METRICS: "false" } },
  );
  if (status !== 0) throw new Error(`The database could not be migrated:\n${stdout}${stderr}`);
  try {
    renameSync(making, made);
  } catch (error) {
    // Another run was quicker.
    if (!existsSync(made)) throw error;
    rmSync(making, { recursive: true });
  }
  return made;
}

function newState(): string {
  const folder = mkdtempSync(join(tmpdir(), "edgepixel-browser-"));
  cpSync(emptyState(), folder, { recursive: true });
  return folder;
}

/** Runs `npm start`'s script on a free port with a database of its own, until `stop`. */
export async function startServer(options: { port?: number; persistTo?: string } = {}): Promise<Server> {
  for (let left = MOST_STARTS; ; left--) {
    try {
      return await start(options);
    } catch (error) {
      // Between choosing a free port and listening on it, wrangler takes seconds, in which another process may get it.
      if (left <= 1 || !String(error).includes("Address already in use")) throw error;
    }
  }
}

async function start(options: { port?: number; persistTo?: string }): Promise<Server> {
  const port = options.port ?? (await freePort());
  const persistTo = options.persistTo ?? newState();
  const built = ["index.html", "pixel.js", "demo/index.html", "docs/index.html"].every((file) =>
    existsSync(join(ROOT, "dist", file)),
  );
  const child = spawn(
    process.execPath,
    [
      "scripts/start.ts",
      "--port",
      String(port),
      "--persist-to",
      persistTo,
      ...(process.env.EDGEPIXEL_PREBUILT === "1" && built ? ["--no-build"] : []),
    ],
    // A process group of its own, so that stopping reaches what wrangler started.
    { cwd: ROOT, detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  running.add(child);

  let output = "";
  /** The line of an invocation that asked for more than its plan allows. */
  let overrun: string | undefined;
  const up = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-20_000);
      overrun ??= /^.*"message":"budget spent".*$/m.exec(output)?.[0];
      if (output.includes("Edgepixel is running")) up.resolve();
    });
  }
  child.once("exit", (code) => up.reject(new Error(`The server ended with ${code}:\n${output}`)));
  const timer = setTimeout(() => up.reject(new Error(`The server did not start:\n${output}`)), START_TIMEOUT_MS);
  try {
    await up.promise;
  } catch (error) {
    await end(child, port);
    throw error;
  } finally {
    clearTimeout(timer);
  }

  const token = /^ADMIN_TOKEN=(.+)$/m.exec(readFileSync(join(ROOT, ".dev.vars"), "utf8"))?.[1]?.replace(/^"|"$/g, "");
  if (!token) throw new Error("There is no ADMIN_TOKEN in .dev.vars.");
  const url = `http://localhost:${port}`;
  const stop = async () => {
    await end(child, port);
    if (overrun) throw new Error(`An invocation asked for more than its plan allows: ${overrun}`);
  };
  return { url, token, port, persistTo, process: child, output: () => output, stop };
}

const running = new Set<ChildProcess>();
// A test run that is broken off leaves no server behind.
process.on("exit", () => {
  for (const child of running) signal(child, "SIGKILL");
});

async function end(child: ChildProcess, port: number): Promise<void> {
  if (!running.has(child)) return;
  signal(child, "SIGTERM");
  if (!(await within(STOP_TIMEOUT_MS, () => gone(child, port)))) {
    signal(child, "SIGKILL");
    await within(STOP_TIMEOUT_MS, () => gone(child, port));
  }
  // Whatever of the group outlived its leader.
  signal(child, "SIGKILL");
  running.delete(child);
}

async function gone(child: ChildProcess, port: number): Promise<boolean> {
  return (child.exitCode !== null || child.signalCode !== null) && !(await answers(port));
}

async function within(ms: number, done: () => Promise<boolean>): Promise<boolean> {
  const until = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > until) return false;
    await new Promise((next) => setTimeout(next, 50));
  }
  return true;
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group has ended already.
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: "localhost" });
    const finish = (open: boolean) => {
      socket.destroy();
      done(open);
    };
    socket.once("connect", () => finish(true)).once("error", () => finish(false));
  });
}

async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address ? done(address.port) : fail(new Error("no port"))));
    });
  });
}

/** The file of the database beside the running server. */
function inDatabase<Result>({ persistTo }: Server, act: (database: DatabaseSync) => Result): Result {
  const folder = join(persistTo, "v3/d1/miniflare-D1DatabaseObject");
  const [name = ""] = readdirSync(folder).filter((file) => /^[0-9a-f]+\.sqlite$/.test(file));
  const database = new DatabaseSync(join(folder, name), { timeout: 10_000 });
  try {
    return act(database);
  } finally {
    database.close();
  }
}
export const changeDatabase = (server: Server, sql: string): void =>
  inDatabase(server, (database) => database.exec(sql));

/**
 * How many events the log has by type, of those that `where` says, once all has come through that was sent so far: an event
 * that was sent behind it has.
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
