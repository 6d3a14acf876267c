/**
 * `npm run bench`: prints measurements as tables, within ten minutes. `npm run bench log price …` runs the named ones; those that
 * take longer run only by name.
 */
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { fail, readCommand } from "../scripts/command.ts";

process.chdir(resolve(import.meta.dirname, ".."));

/** Replaces `cloudflare:workers`, which modules of the Worker import: the measurements do not use it. */
const WORKERS = "data:text/javascript,export class DurableObject {} export const waitUntil = () => undefined;";
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "cloudflare:workers" ? { url: WORKERS, shortCircuit: true } : next(specifier, context),
});

/** Each is loaded in its turn, after the hook is registered. */
const MEASUREMENTS: Record<string, () => Promise<void>> = {
  sizes: async () => (await import("./sizes.ts")).benchSizes(),
  latency: async () => (await import("./latency.ts")).benchLatency(),
  collect: async () => (await import("./collect.ts")).benchCollect(),
  log: async () => (await import("./log.ts")).benchLog(),
  core: async () => (await import("./core.ts")).benchCore(),
  price: async () => (await import("./price.ts")).benchPrice(),
  limits: async () => (await import("./limits.ts")).benchLimits(),
  scale: async () => (await import("./scale.ts")).benchScale(),
  gathering: async () => (await import("./gathering.ts")).benchGathering(),
  reports: async () => (await import("./reports.ts")).benchReports(),
  views: async () => (await import("./views.ts")).benchViews(),
  restore: async () => (await import("./restore.ts")).benchRestore(),
  archive: async () => (await import("./archive.ts")).benchArchive(),
  anomalies: async () => (await import("./anomalies.ts")).benchAnomalies(),
};

/** Each of them takes several minutes. */
const LONG: readonly string[] = ["price", "limits", "gathering", "views"];

const { positionals: asked } = readCommand({
  name: "npm run bench",
  help: `Measures, and prints tables: ${Object.keys(MEASUREMENTS).join(", ")}. Without a name all but ${LONG.join(", ")}. EVENTS in the environment says of how many events.`,
  arguments: "[NAME…]",
  options: {},
});
for (const name of asked)
  if (!(name in MEASUREMENTS))
    fail(`There is no measurement ${name}; there are ${Object.keys(MEASUREMENTS).join(", ")}.`);
const names = Object.keys(MEASUREMENTS).filter((name) =>
  asked.length === 0 ? !LONG.includes(name) : asked.includes(name),
);
const began = performance.now();
const seconds = (since: number) => `${Math.round((performance.now() - since) / 1_000)} s`;
for (const [index, name] of names.entries()) {
  console.log(`\n[${index + 1}/${names.length}] ${name} …`);
  const since = performance.now();
  await MEASUREMENTS[name]?.();
  console.log(`[${index + 1}/${names.length}] ${name} took ${seconds(since)}, ${seconds(began)} in all.`);
}
