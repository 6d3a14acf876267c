/**
 * `npm start`: everything on this machine, without an account. Builds, migrates the local database, makes an
 * ADMIN_TOKEN where there is none, and serves. `--port N` and `--persist-to DIR` move it.
 */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    "persist-to": { type: "string", default: ".wrangler/state" },
    "no-build": { type: "boolean", default: false },
  },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65_535)
  fail(`--port must be between 1 and 65535, not ${values.port}`);
const persist = resolve(values["persist-to"]);
process.chdir(resolve(import.meta.dirname, ".."));

const SECRETS = ".dev.vars";
const wrangler = [resolve("node_modules/wrangler/bin/wrangler.js")];
const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CI: "true" };

if (!existsSync(SECRETS) || !/^ADMIN_TOKEN=./m.test(readFileSync(SECRETS, "utf8"))) {
  appendFileSync(SECRETS, `ADMIN_TOKEN=${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
}

if (!values["no-build"]) step("Building the dashboard, the demo site and the snippet", ["scripts/build.ts"]);
step("Preparing the database", [...wrangler, "d1", "migrations", "apply", "DB", "--local", "--persist-to", persist]);

const server = spawn(
  process.execPath,
  [...wrangler, "dev", "--port", String(port), "--persist-to", persist, "--show-interactive-dev-session=false"],
  { env, stdio: ["ignore", "inherit", "inherit"] },
);
server.on("exit", (code) => process.exit(code ?? 1));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => server.kill(signal));

const url = `http://localhost:${port}`;
await untilHealthy();
// Nothing here calls what wrangler.toml has every minute: the archive, erasures, retention and kept reports go on by it.
setInterval(() => void fetch(`${url}/cdn-cgi/handler/scheduled`).catch(() => undefined), 60_000).unref();
console.log(`
Edgepixel is running.

  Dashboard  ${url}/
  Demo site  ${url}/demo/?btag=summer
  Snippet    ${url}/pixel.js
  API docs   ${url}/docs/
  Health     ${url}/health

Sign in to the dashboard with the ADMIN_TOKEN from ${resolve(SECRETS)}
Realistic traffic: npm run demo${port === 8787 ? "" : ` -- --url ${url}`}
`);

function step(title: string, args: string[]): void {
  console.log(`${title} …`);
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  if (status !== 0) fail(`${title} failed:\n${stdout}${stderr}`);
}

async function untilHealthy(): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await fetch(`${url}/health`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  console.error(`${url}/health does not say that all is well; see the messages above.`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
