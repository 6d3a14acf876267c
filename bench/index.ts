/** `npm run bench`: the measurements, as tables. `npm run bench log sizes …` runs those alone. */
import { resolve } from "node:path";
import { benchAnomalies } from "./anomalies.ts";
import { benchArchive } from "./archive.ts";
import { benchCollect } from "./collect.ts";
import { benchLatency } from "./latency.ts";
import { benchLog } from "./log.ts";
import { benchReports } from "./reports.ts";
import { benchRestore } from "./restore.ts";
import { benchSizes } from "./sizes.ts";

process.chdir(resolve(import.meta.dirname, ".."));
const MEASUREMENTS: Record<string, () => Promise<void>> = {
  sizes: benchSizes,
  latency: benchLatency,
  collect: benchCollect,
  log: benchLog,
  reports: benchReports,
  restore: benchRestore,
  archive: benchArchive,
  anomalies: benchAnomalies,
};

const asked = process.argv.slice(2);
for (const name of asked) {
  if (!(name in MEASUREMENTS))
    throw new Error(`There is no measurement ${name}; there are ${Object.keys(MEASUREMENTS).join(", ")}.`);
}
const names = Object.keys(MEASUREMENTS).filter((name) => asked.length === 0 || asked.includes(name));
const began = performance.now();
const seconds = (since: number) => `${Math.round((performance.now() - since) / 1_000)} s`;
for (const [index, name] of names.entries()) {
  console.log(`\n[${index + 1}/${names.length}] ${name} …`);
  const since = performance.now();
  await MEASUREMENTS[name]?.();
  console.log(`[${index + 1}/${names.length}] ${name} took ${seconds(since)}, ${seconds(began)} in all.`);
}
