/**
 * `npm start`: runs everything on this machine, without an account. It builds, migrates the local databases, makes an
 * ADMIN_TOKEN where there is none, and serves. `--port N` and `--persist-to DIR` change the port and the folder of its data.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import { fail, messageOf, readCommand } from "./command.ts";
import { databasesIn, type LocalDatabase } from "./databases.ts";
import { COMPILED } from "./here.ts";
import { localToken } from "./instance.ts";
import { databaseFile, isMigrated, migrationsInto } from "./start/migrations.ts";
import { callers, runs } from "./start/processes.ts";
import { serve } from "./start/server.ts";
import { makeToken } from "./start/token.ts";

const { values } = readCommand({
  name: "npm start",
  help: "Builds, migrates the local database, and serves everything on this machine.",
  options: {
    port: { value: "N", default: "8787", help: "the port that it listens on" },
    "persist-to": { value: "DIR", default: ".wrangler/state", help: "where its data is kept" },
    "no-build": { help: "serves what was built before" },
  },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65_535)
  fail(`--port must be between 1 and 65535, not ${values.port}`);
const persist = resolve(values["persist-to"]);
process.chdir(resolve(import.meta.dirname, ".."));

if (await isTaken(port)) {
  fail(`Something listens on port ${port} already: end it, or choose another port with \`npm start -- --port N\`.`);
}

const SECRETS = ".dev.vars";
const wrangler = [resolve("node_modules/wrangler/bin/wrangler.js")];
// The explorer of wrangler would write a trace of each request to disk.
const QUIET = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", X_LOCAL_EXPLORER: "false", CI: "true" };
// Half of the time that wrangler takes to start is spent to compile its code.
const env = { NODE_COMPILE_CACHE: COMPILED, ...process.env, ...QUIET };

makeToken(SECRETS);

if (!values["no-build"]) step("Building the dashboard, the demo site and the snippet", ["scripts/build.ts"]);
const migrations = readdirSync("migrations");
for (const { binding, localId } of databases()) {
  if (!isMigrated(databaseFile(persist, localId), migrations))
    step(`Preparing the database ${binding}`, [...wrangler, ...migrationsInto(persist, binding)]);
}

const url = `http://localhost:${port}`;
const server = serve(
  [
    ...wrangler,
    "dev",
    "--port",
    String(port),
    "--persist-to",
    persist,
    "--var",
    "LOCAL:1",
    "--show-interactive-dev-session=false",
  ],
  env,
  url,
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void server.stop());
// When npm is killed, it passes on no signal, so the server ends itself when its callers are gone.
const waiting = callers();
setInterval(() => {
  if (!waiting.every(runs)) void server.stop();
}, 1_000).unref();
void server.ended.then((status) => process.exit(status));

await server.ready;
// `wrangler dev` does not run the cron of wrangler.toml, which the archive, erasures, retention and kept reports need every minute.
setInterval(() => void fetch(`${url}/cdn-cgi/handler/scheduled`).catch(() => undefined), 60_000).unref();
const link = await signInLink();
console.log(`
Edgepixel is running.

  Dashboard  ${link ?? `${url}/`}
  Demo site  ${url}/demo/?btag=summer
  Snippet    ${url}/pixel.js
  API docs   ${url}/docs/
  Health     ${url}/health

${link ? "The dashboard's link signs in, once, within ten minutes. Later sign in" : "Sign in to the dashboard"} with the ADMIN_TOKEN from ${resolve(SECRETS)}
Realistic traffic: npm run demo${port === 8787 ? "" : ` -- --url ${url}`}
`);

function databases(): LocalDatabase[] {
  try {
    return databasesIn(readFileSync("wrangler.toml", "utf8"));
  } catch (error) {
    return fail(messageOf(error));
  }
}

function step(title: string, args: string[]): void {
  console.log(`${title} …`);
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  if (status !== 0) fail(`${title} failed:\n${stdout}${stderr}`);
}

/** A link that signs in once, so that the token itself is in no address, no output and no argument. */
async function signInLink(): Promise<string | null> {
  const headers = { authorization: `Bearer ${localToken()}` };
  const answer = await fetch(`${url}/api/v1/session/codes`, { method: "POST", headers }).catch(() => null);
  const { code } = ((await answer?.json().catch(() => null)) ?? {}) as { code?: string };
  return answer?.ok && code ? `${url}/#sign-in=${code}` : null;
}

/** Whether a connection to the port is accepted. */
function isTaken(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: "localhost" });
  socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
