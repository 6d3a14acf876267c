/** `npm test`: all tests. Those in a browser are left out, and said to be, where there is no Chromium. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { resolve } from "node:path";
import { browserPath } from "../test/browser/harness.ts";

/** A file system in memory: databases of tests are written there without waiting for a disk. */
const MEMORY = "/dev/shm";
const ROOM_BYTES = 2 ** 31;

process.chdir(resolve(import.meta.dirname, ".."));
const env = {
  ...process.env,
  ...(hasRoom(MEMORY) && { TMPDIR: MEMORY }),
  WRANGLER_SEND_METRICS: "false",
  EDGEPIXEL_PREBUILT: "1",
};
const VITEST = ["node_modules/vitest/vitest.mjs", "run", "--passWithNoTests", ...process.argv.slice(2)];

/**
 * Runs at the same time, each with some options: a test waits often, for a page or an alarm, and so leaves its core to
 * another. Files of the Worker are the most, so two of them run at once.
 */
const RUNS = [
  { projects: ["worker"], options: ["--maxWorkers=2"] },
  { projects: ["golden"], options: [] },
  { projects: ["archive", "client", "project"], options: [] },
  ...(browserPath ? [{ projects: ["browser"], options: [] }] : []),
];

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > ROOM_BYTES;
}

/** What it prints comes at once, or in one piece at its end, so that they do not write into each other. */
function test({ projects, options }: (typeof RUNS)[number], print: "at once" | "at its end"): Promise<number> {
  const done = Promise.withResolvers<number>();
  const args = [...VITEST, ...options, ...projects.map((name) => `--project=${name}`)];
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
  : await Promise.all(RUNS.map((run, index) => test(run, index === 0 ? "at once" : "at its end")));
if (!browserPath) {
  console.log(`
The browser tests were left out: there is no Chromium on this machine. To run them, install it
(Debian: apt-get install chromium) or name one in CHROMIUM_PATH, and run npm test again.`);
}
process.exit(Math.max(...codes));
