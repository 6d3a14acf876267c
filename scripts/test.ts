/** `npm test`: all tests. Those in a browser are left out, and said to be, where there is no Chromium. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { browserPath } from "../test/browser/harness.ts";

process.chdir(resolve(import.meta.dirname, ".."));
const env = { ...process.env, WRANGLER_SEND_METRICS: "false", EDGEPIXEL_PREBUILT: "1" };
const run = (...args: string[]) => spawnSync(process.execPath, args, { env, stdio: "inherit" }).status ?? 1;

const built = run("scripts/build.ts");
const names = ["worker", "golden", "archive", "client", "project", ...(browserPath ? ["browser"] : [])];
const projects = names.map((name) => `--project=${name}`);
const status = built || run("node_modules/vitest/vitest.mjs", "run", ...projects, ...process.argv.slice(2));
if (!browserPath) {
  console.log(`
The browser tests were left out: there is no Chromium on this machine. To run them, install it
(Debian: apt-get install chromium) or name one in CHROMIUM_PATH, and run npm test again.`);
}
process.exit(status);
