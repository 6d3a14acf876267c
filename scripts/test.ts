/** `npm test`: all tests. Those in a browser are left out, and said to be, where there is no Chromium. */
import { spawn, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { browserPath } from "../test/browser/harness.ts";

process.chdir(resolve(import.meta.dirname, ".."));
const env = { ...process.env, WRANGLER_SEND_METRICS: "false", EDGEPIXEL_PREBUILT: "1" };
const VITEST = ["node_modules/vitest/vitest.mjs", "run", "--passWithNoTests", ...process.argv.slice(2)];

/** Runs at the same time: each waits often, for a page or an alarm, and so leaves its core to another. */
const RUNS = [["worker"], ["golden", "archive", "client", "project"], browserPath ? ["browser"] : []].filter(
  (projects) => projects.length > 0,
);

/** What it prints comes at once, or in one piece at its end, so that they do not write into each other. */
function test(projects: string[], print: "at once" | "at its end"): Promise<number> {
  const done = Promise.withResolvers<number>();
  const args = [...VITEST, ...projects.map((name) => `--project=${name}`)];
  const child = spawn(process.execPath, args, {
    env,
    stdio: ["ignore", ...(print === "at once" ? (["inherit", "inherit"] as const) : (["pipe", "pipe"] as const))],
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: Buffer) => printed.push(part));
  child.on("close", (code) => {
    process.stdout.write(Buffer.concat(printed));
    done.resolve(code ?? 1);
  });
  return done.promise;
}

const built = spawnSync(process.execPath, ["scripts/build.ts"], { env, stdio: "inherit" }).status ?? 1;
const codes = built
  ? [built]
  : await Promise.all(RUNS.map((projects, index) => test(projects, index === 0 ? "at once" : "at its end")));
if (!browserPath) {
  console.log(`
The browser tests were left out: there is no Chromium on this machine. To run them, install it
(Debian: apt-get install chromium) or name one in CHROMIUM_PATH, and run npm test again.`);
}
process.exit(Math.max(...codes));
