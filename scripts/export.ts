/**
 * `npm run export -- --from YYYY-MM-DD --to YYYY-MM-DD --out DIR`: the archive's files of these UTC days, through the
 * routes of the instance at `--url`. What is there already and whole is not loaded again. The key, one for all projects
 * of the role `admin`, is `--key`, else EDGEPIXEL_KEY, else the ADMIN_TOKEN in .dev.vars.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { parseArgs } from "node:util";
import type { ArchiveFileView } from "../worker/admin/archive.ts";

const { values } = parseArgs({
  options: {
    from: { type: "string" },
    to: { type: "string" },
    out: { type: "string" },
    url: { type: "string", default: "http://localhost:8787" },
    key: { type: "string" },
  },
});
const { from, to, url } = values;
if (!from || !to || !values.out) fail("--from, --to and --out are needed: two dates and a folder.");
const out = resolve(values.out);
const key = values.key ?? process.env.EDGEPIXEL_KEY ?? adminToken();
if (!key) fail("There is no key: set EDGEPIXEL_KEY to one of the role admin, for all projects.");

const AT_ONCE = 4;
const TRIES = 6;
/** Files may be merged while they are loaded: then the list is asked for again. */
const ROUNDS = 5;

const tally = { done: 0, bytes: 0, kept: 0, total: 0 };
let files: ArchiveFileView[] = [];
for (let round = 1, gone = 1; gone > 0; round++) {
  if (round > ROUNDS) fail("The archive changes faster than it can be loaded; run it again.");
  files = await list();
  Object.assign(tally, { done: 0, bytes: 0, kept: 0, total: files.length });
  gone = await loadAll(files);
}
const removed = removeOthers(new Set(files.map((file) => file.key)));
writeFileSync(join(out, `files-${from}-${to}.json`), JSON.stringify({ from, to, files }, null, 1));
const rows = files.reduce((sum, file) => sum + file.rows, 0);
console.log(
  `\n${files.length} files with ${rows.toLocaleString("en")} events in ${out}; ${tally.kept} were there already${
    removed ? `, ${removed} were taken away that have been merged since` : ""
  }.`,
);

async function list(): Promise<ArchiveFileView[]> {
  const all: ArchiveFileView[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({
      from: from as string,
      to: to as string,
      limit: "1000",
      ...(cursor && { cursor }),
    });
    const answer = await ask(`archive/files?${query}`);
    if (!answer.ok) fail(`The list of files: ${answer.status} ${await answer.text()}`);
    const page = (await answer.json()) as { rows: ArchiveFileView[]; next_cursor: string | null };
    all.push(...page.rows);
    cursor = page.next_cursor;
  } while (cursor);
  return all;
}

/** Gives how many were no longer there. */
async function loadAll(wanted: ArchiveFileView[]): Promise<number> {
  const waiting = [...wanted];
  let gone = 0;
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      if (!(await load(file))) gone++;
      tally.done++;
      draw();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return gone;
}

async function load(file: ArchiveFileView): Promise<boolean> {
  const path = join(out, file.key);
  if (existsSync(path) && sha256(readFileSync(path)) === file.sha256) {
    tally.kept++;
    return true;
  }
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const answer = await ask(`archive/files/${file.key}`);
    if (answer.status === 404) return false;
    if (!answer.ok) fail(`${file.key}: ${answer.status} ${await answer.text()}`);
    const bytes = await answer.arrayBuffer().then(Buffer.from, () => Buffer.alloc(0));
    // Broken off, or changed on its way.
    if (sha256(bytes) !== file.sha256) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
    tally.bytes += bytes.length;
    return true;
  }
  fail(`${file.key} does not arrive as it was written.`);
}

/** Asks again where the instance cannot be reached, or says to wait. */
async function ask(path: string): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(new URL(`/api/v1/${path}`, url), { headers: { authorization: `Bearer ${key}` } }).catch(
      (error: unknown) => (attempt < TRIES ? null : fail(`${url} cannot be reached: ${error}`)),
    );
    if (answer && ![429, 500, 502, 503, 504].includes(answer.status)) return answer;
    if (answer && attempt === TRIES) return answer;
    await answer?.body?.cancel();
    const seconds = Number(answer?.headers.get("retry-after")) || 2 ** (attempt - 1);
    await new Promise((done) => setTimeout(done, seconds * 1_000));
  }
}

/** Files of an earlier export in these days whose events are in another file now: a glob would find them twice. */
function removeOthers(keys: Set<string>): number {
  const folder = join(out, "events");
  if (!existsSync(folder)) return 0;
  const others = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => relative(out, join(folder, path)).split(sep).join("/"))
    .filter((path) => {
      const [, year, month, day] =
        /^events\/year=(\d{4})\/month=(\d\d)\/day=(\d\d)\/hour=\d\d\/\d{12}-\d{12}(?:\.c\d+)?\.parquet$/.exec(path) ??
        [];
      const date = `${year}-${month}-${day}`;
      return year !== undefined && date >= (from as string) && date <= (to as string) && !keys.has(path);
    });
  for (const path of others) rmSync(join(out, path));
  return others.length;
}

function draw(): void {
  const { done, total, bytes } = tally;
  const filled = total === 0 ? 30 : Math.floor((done / total) * 30);
  const line = `[${"#".repeat(filled)}${"-".repeat(30 - filled)}] ${done} of ${total} files, ${(bytes / 1e6).toFixed(1)} MB loaded`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line}\u001b[K`);
  else if (done === total) process.stdout.write(line);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function adminToken(): string | undefined {
  const file = resolve(import.meta.dirname, "..", ".dev.vars");
  return existsSync(file) ? /^ADMIN_TOKEN="?([^"\n]+)/m.exec(readFileSync(file, "utf8"))?.[1] : undefined;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
