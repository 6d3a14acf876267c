/**
 * What appending and the projections cost on a real D1 in workerd, at a log of `EVENTS` events: the figures that `capacity.ts` keeps.
 * With `STATE=<folder>` the loaded database is used again.
 */
import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Ask, Part, Spent } from "./limits-worker.ts";
import { databaseIn, eventsAfter, loadedIn } from "./loaded.ts";
import { spentByChildren } from "./processor.ts";
import { bundled } from "./server.ts";

const EVENTS = Number(process.env.EVENTS ?? 100_000);
const PARTS = ["append", "live", "tables", "figures"] as const satisfies Part[];

/** Events that are appended at once, events that a run then finds, and how often. The first one is not printed: code is compiled. */
const LINES = [
  { batch: 100, run: 1_000, times: 2 },
  { batch: 10, run: 100, times: 8 },
  { batch: 100, run: 500, times: 8 },
  { batch: 1_000, run: 1_000, times: 8 },
  { batch: 1_000, run: 5_000, times: 4 },
] as const;

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export async function benchLimits(): Promise<void> {
  const { folder: loaded, kept } = await loadedIn(EVENTS);
  const folder = mkdtempSync(join(tmpdir(), "bench-limits-"));
  cpSync(loaded, folder, { recursive: true });
  if (!kept) rmSync(loaded, { recursive: true, force: true });
  const bytes = statSync(databaseIn(folder)).size;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await bundled("bench/limits-worker.ts"),
      compatibilityDate: "2026-08-01",
      d1Databases: ["DB"],
      durableObjects: { LIVE: { className: "LiveCounters", useSQLite: true } },
      resourcePersistencePath: folder,
    }),
  );
  await miniflare.ready;
  const following = eventsAfter(EVENTS);
  const rows: Record<string, string | number>[] = [];
  for (const [index, { batch, run, times }] of LINES.entries()) {
    const spent: (Record<Part, Spent> & { cpu: number })[] = [];
    for (let time = 0; time < times; time++) {
      const events = Array.from({ length: run }, () => following.next().value as Ask["events"][number]);
      const before = spentByChildren();
      const answer = await miniflare.dispatchFetch("http://limits/", {
        method: "POST",
        body: JSON.stringify({ events, batch } satisfies Ask),
      });
      if (!answer.ok) throw new Error(await answer.text());
      spent.push({ ...((await answer.json()) as Record<Part, Spent>), cpu: spentByChildren() - before });
    }
    if (index === 0) continue;
    for (const part of PARTS) {
      const of = (sum: keyof Spent) => median(spent.map((one) => one[part][sum]));
      const pieces = part === "append" ? run / batch : 1;
      rows.push({
        part,
        "events at once": part === "append" ? batch : run,
        "ms, median": (of("ms") / pieces).toFixed(1),
        "ms, least": (Math.min(...spent.map((one) => one[part].ms)) / pieces).toFixed(1),
        calls: of("calls") / pieces,
        "rows written an event": (of("written") / run).toFixed(2),
        "rows read an event": (of("read") / run).toFixed(1),
        "CPU of the line, µs an event": Math.round((median(spent.map(({ cpu }) => cpu)) * 1_000) / run),
      });
    }
  }
  await miniflare.dispose();
  rmSync(folder, { recursive: true, force: true });
  const size = `${(bytes / 1e6).toFixed(0)} MB, ${Math.round(bytes / EVENTS)} bytes an event`;
  console.log(`\nOn a D1 in workerd here, with a log of ${EVENTS.toLocaleString("en")} events (${size}):`);
  console.table(rows);
}
