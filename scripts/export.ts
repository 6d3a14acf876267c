/**
 * `npm run export -- --from YYYY-MM-DD --to YYYY-MM-DD --out DIR`: downloads the archive's files of these UTC days, through
 * the routes of the instance at `--url`, and writes a manifest for each day. Complete files that are there already are not
 * downloaded again. docs/archive.md has more.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { ArchiveFileView } from "../worker/admin/archive.ts";
import { MAIN } from "../worker/store/shards.ts";
import { ask, refusal } from "./ask.ts";
import { readCommand, run, URL_OPTION } from "./command.ts";
import { here } from "./here.ts";
import { type Instance, instanceAt } from "./instance.ts";
import { showProgress } from "./progress.ts";
import { shardsAt } from "./shards.ts";

const AT_ONCE = 4;
const TRIES = 6;
/** Files may be merged during the download: then the list is requested again, at most this often. */
const ROUNDS = 5;

type Days = { from: string; to: string };
/** `null` where the instance has one database. */
type Source = { instance: Instance; shard: string | null };
type Tally = { done: number; bytes: number; kept: number; total: number };

const COMMAND = readCommand({
  name: "npm run export",
  help: "Loads the archive's Parquet files of some UTC days into a folder; what is there already stays.",
  options: {
    ...URL_OPTION,
    from: { value: "DATE", help: "the first day" },
    to: { value: "DATE", help: "the last day" },
    out: { value: "DIR", help: "the folder" },
  },
});

function readOptions(): { instance: Instance; days: Days; out: string } {
  const { from, to, out, url } = COMMAND.values;
  if (!from || !to || !out) throw new Error("--from, --to and --out are needed: two dates and a folder.");
  return { instance: instanceAt(url), days: { from, to }, out: here(out) };
}

async function list({ instance, shard }: Source, days: Days): Promise<ArchiveFileView[]> {
  const all: ArchiveFileView[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ ...days, limit: "1000", ...(cursor && { cursor }), ...(shard && { shard }) });
    const answer = await ask(instance, "GET", `archive/files?${query}`, TRIES);
    if (answer.status !== 200) throw new Error(`The list of files: ${refusal(answer)}`);
    const page = JSON.parse(answer.bytes.toString()) as { rows: ArchiveFileView[]; next_cursor: string | null };
    all.push(...page.rows);
    cursor = page.next_cursor;
  } while (cursor);
  return all;
}

/** Downloads a file where it is missing or not complete; false where the archive does not have it any more. */
async function load({ instance, shard }: Source, file: ArchiveFileView, out: string, tally: Tally): Promise<boolean> {
  const path = join(out, file.key);
  if (existsSync(path) && sha256(readFileSync(path)) === file.sha256) {
    tally.kept++;
    return true;
  }
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const answer = await ask(
      instance,
      "GET",
      `archive/files/${file.key}${shard === null ? "" : `?shard=${shard}`}`,
      TRIES,
    );
    if (answer.status === 404) return false;
    if (answer.status !== 200) throw new Error(`${file.key}: ${refusal(answer)}`);
    const { bytes } = answer;
    // The bytes were damaged during the download.
    if (sha256(bytes) !== file.sha256) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
    tally.bytes += bytes.length;
    return true;
  }
  throw new Error(`${file.key} does not arrive as it was written.`);
}

/** Returns how many files the archive does not have any more. */
async function loadAll(source: Source, files: readonly ArchiveFileView[], out: string, tally: Tally) {
  const waiting = [...files];
  let gone = 0;
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      if (!(await load(source, file, out, tally))) gone++;
      tally.done++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return gone;
}

/** The keys of the files in a folder that are of these days. */
function keysIn(out: string, { from, to }: Days): string[] {
  if (!existsSync(out)) return [];
  return readdirSync(out, { recursive: true, encoding: "utf8" })
    .map((path) => relative(out, join(out, path)).split(sep).join("/"))
    .filter((path) => {
      const [, year, month, day] =
        /^events\/year=(\d{4})\/month=(\d\d)\/day=(\d\d)\/hour=\d\d\/\d{12}-\d{12}(?:\.c\d+)?(?:\.[0-9a-f]{8})?\.parquet$/.exec(
          path,
        ) ??
        /^manifest\/(\d{4})-(\d\d)-(\d\d)\.json$/.exec(path) ??
        [];
      const date = `${year}-${month}-${day}`;
      return year !== undefined && date >= from && date <= to;
    });
}

/** Writes the manifests. Deletes files of these days that the archive no longer has: a glob would find their events twice. */
function tidy(out: string, days: Days, files: readonly ArchiveFileView[]): number {
  const manifests = new Map<string, ArchiveFileView[]>();
  for (const file of files) {
    const day = file.hour.slice(0, 10);
    manifests.set(day, [...(manifests.get(day) ?? []), file]);
  }
  if (files.length > 0) mkdirSync(join(out, "manifest"), { recursive: true });
  for (const [day, filesOfDay] of manifests) {
    const sum = (count: (file: ArchiveFileView) => number) => filesOfDay.reduce((all, file) => all + count(file), 0);
    const manifest = { day, rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes), files: filesOfDay };
    writeFileSync(join(out, `manifest/${day}.json`), JSON.stringify(manifest, null, 1));
  }
  const kept = new Set([...files.map(({ key }) => key), ...[...manifests.keys()].map((day) => `manifest/${day}.json`)]);
  const others = keysIn(out, days).filter((path) => !kept.has(path));
  for (const path of others) rmSync(join(out, path));
  return others.filter((path) => path.startsWith("events/")).length;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function exportDays(): Promise<void> {
  const { instance, days, out } = readOptions();
  const shards = await shardsAt(instance, TRIES);
  if (shards.length === 1) return exportOne({ instance, shard: null }, days, out);
  // As in the bucket, where each shard has its part of the archive.
  for (const shard of shards) {
    const folder = shard === MAIN ? out : join(out, "shards", shard);
    await exportOne({ instance, shard }, days, folder);
  }
}

async function exportOne(source: Source, days: Days, out: string): Promise<void> {
  const tally: Tally = { done: 0, bytes: 0, kept: 0, total: 0 };
  let files = await list(source, days);
  const bar = showProgress(() => ({
    share: tally.total === 0 ? 1 : tally.done / tally.total,
    text: `${tally.done} of ${tally.total} files, ${(tally.bytes / 1e6).toFixed(1)} MB loaded`,
  }));
  try {
    for (let round = 1; ; round++) {
      Object.assign(tally, { done: 0, bytes: 0, kept: 0, total: files.length });
      if ((await loadAll(source, files, out, tally)) === 0) break;
      if (round === ROUNDS) throw new Error("The archive changes faster than it can be loaded; run it again.");
      files = await list(source, days);
    }
  } finally {
    bar.end();
  }
  const named = source.shard === null ? "" : `Shard ${source.shard}: `;
  const removed = tidy(out, days, files);
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  if (files.length === 0)
    console.log(`${named}The archive has no events from ${days.from} to ${days.to}. What has just come in is archived within 16
minutes; GET /api/v1/archive says how far it is.`);
  else
    console.log(
      `${named}${files.length} files with ${rows.toLocaleString("en")} events in ${out}; ${tally.kept} were there already.`,
    );
  if (removed) console.log(`${named}${removed} files were taken away that the archive has no more.`);
}

await run(exportDays);
