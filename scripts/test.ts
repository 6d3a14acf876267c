/** `npm test`: runs all tests. Without Chromium, the tests in a browser are left out, with a message. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { resolve } from "node:path";
import { browserPath } from "../test/browser/harness.ts";
import { bundle } from "../test/bundled.ts";
import { emptyState } from "../test/new-state.ts";
import { COMPILED } from "./here.ts";
import { RERUN } from "./reruns.ts";
import { makeToken } from "./start/token.ts";

/** A file system in memory, for the databases of tests, so that they do not wait for a disk. */
const MEMORY = "/dev/shm";
const ROOM_BYTES = 2 ** 31;

process.chdir(resolve(import.meta.dirname, ".."));
const env = {
  ...process.env,
  ...(hasRoom(MEMORY) && { TMPDIR: MEMORY }),
  WRANGLER_SEND_METRICS: "false",
  NODE_COMPILE_CACHE: COMPILED,
  EDGEPIXEL_PREBUILT: "1",
};
const VITEST = ["node_modules/vitest/vitest.mjs", "run", "--passWithNoTests", ...process.argv.slice(2)];

/**
 * Runs at the same time, each with this many files at once. Tests often wait: for a page, an alarm, or figures that are ten
 * seconds old. So there are more of them at once than cores, to keep all cores busy until the end.
 */
const RUNS: Run[] = [
  { projects: ["worker"], files: 3 },
  { projects: ["golden"], files: 2 },
  { projects: ["shards"], files: 1 },
  { projects: ["archive", "client"], files: 1 },
  { projects: ["project"], files: 1 },
  ...(browserPath ? [{ projects: ["browser"], files: 2 }] : []),
];

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > ROOM_BYTES;
}

/** Vitest's list of failures, or the end of its output where it could not make one. */
function failuresIn(printed: string): string {
  const at = printed.search(/.*(Failed Suites|Failed Tests|Unhandled Errors)/);
  return at < 0 ? printed.slice(-4_000) : printed.slice(at);
}

interface Run {
  projects: string[];
  files: number;
}

/** Prints the output of a run in one piece at its end, so that the outputs of runs do not mix. */
function test({ projects, files }: Run): Promise<{ projects: string[]; code: number; printed: string }> {
  const done = Promise.withResolvers<{ projects: string[]; code: number; printed: string }>();
  const args = [...VITEST, `--maxWorkers=${files}`, ...projects.map((name) => `--project=${name}`)];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => parts.push(part));
  child.on("close", (code) => {
    const printed = Buffer.concat(parts).toString();
    process.stdout.write(printed);
    done.resolve({ projects, code: code ?? 1, printed });
  });
  return done.promise;
}

const built = spawnSync(process.execPath, ["scripts/build.ts"], { env, stdio: "inherit" }).status ?? 1;
if (built) process.exit(built);
// Once, before several runs need it at the same time.
await bundle();
makeToken(".dev.vars");
emptyState();
const ended = await Promise.all(RUNS.map(test));
if (!browserPath) {
  console.log(`
The browser tests were left out: there is no Chromium on this machine. To run them, install it
(Debian: apt-get install chromium-headless-shell) or name one in CHROMIUM_PATH, and run npm test again.`);
}
const again = ended.flatMap(({ printed }) => printed.split("\n").filter((line) => line.includes(RERUN)));
if (again.length > 0) console.log(`\n${again.join("\n")}`);
const failed = ended.filter(({ code }) => code !== 0);
// Failures come last, because a log is read from its end, and often only its end is kept.
for (const { projects, code, printed } of failed) {
  console.log(`\nThe tests of ${projects.join(", ")} failed (status ${code}):\n${failuresIn(printed)}`);
}
process.exit(Math.max(...ended.map(({ code }) => code)));
