/** Who may import whom in the Worker: down the stairs only, and never in a circle. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** From the top. A file may import from its own step and from those below; a circle is refused even within a step. */
const STEPS: string[][] = [
  ["worker/index.ts"],
  ["worker/runner.ts"],
  ["worker/cron.ts"],
  ["worker/app.ts"],
  ["worker/openapi"],
  ["worker/reports", "worker/monitor", "worker/collect", "worker/admin", "worker/alerts", "worker/schedules"],
  [
    "worker/event-log",
    "worker/payouts",
    "worker/http",
    "worker/request-log",
    "worker/rates",
    "worker/erasure",
    "worker/retention",
  ],
  ["worker/projections", "worker/figures"],
  ["worker/live", "worker/archive", "worker/meter", "worker/postbacks", "worker/channels"],
  ["worker/registry"],
  ["worker/suppression.ts"],
  ["worker/project.ts", "worker/instance-key.ts"],
  ["worker/log-columns.ts"],
  ["worker/duty.ts", "worker/failing-duties.ts", "worker/last-cron.ts"],
  ["worker/store"],
  [
    "worker/schema.ts",
    "worker/event.ts",
    "worker/placeholder.ts",
    "worker/lookalike.ts",
    "worker/exact-json.ts",
    "worker/money.ts",
    "worker/calendar.ts",
    "worker/log.ts",
    "worker/in-time.ts",
    "worker/outbox.ts",
    "worker/pseudonym.ts",
    "worker/remembered.ts",
    "worker/sealed-copy.ts",
    "worker/secret-name.ts",
    "worker/version.ts",
  ],
];

const sources = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));

function imports(file: string): { path: string; typeOnly: boolean }[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from\s+"(\.[^"]+)";/gms)].map(([, type, path]) => ({
    path: relative(ROOT, resolve(ROOT, dirname(file), path as string)),
    typeOnly: type !== undefined,
  }));
}

const stepOf = (file: string) =>
  STEPS.findIndex((step) => step.some((part) => file === part || file.startsWith(`${part}/`)));

describe("imports", () => {
  const worker = sources("worker");

  it("find every file of the Worker on a step", () => {
    expect(worker.filter((file) => stepOf(file) === -1)).toEqual([]);
    expect(worker.length).toBeGreaterThan(20);
  });

  it.each(worker)("%s imports nothing from above", (file) => {
    const upward = imports(file).filter(({ path }) => path.startsWith("worker/") && stepOf(path) < stepOf(file));
    expect(upward).toEqual([]);
  });

  it("run in no circle", () => {
    const graph = new Map(
      worker.map((file) => [
        file,
        imports(file)
          .filter(({ typeOnly }) => !typeOnly)
          .map(({ path }) => path),
      ]),
    );
    const circles: string[] = [];
    const walk = (file: string, way: string[]) => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(" → "));
      else for (const next of graph.get(file) ?? []) walk(next, [...way, file]);
    };
    for (const file of worker) walk(file, []);
    expect([...new Set(circles)]).toEqual([]);
  });

  it("of the pixel take types from the Worker and nothing that runs, of the dashboard nothing that needs its bindings", () => {
    const running = (folder: string) =>
      sources(folder).flatMap((file) =>
        imports(file)
          .filter(({ path, typeOnly }) => path.startsWith("worker/") && !typeOnly)
          .map(({ path }) => path),
      );
    expect(running("pixel")).toEqual([]);
    expect(
      running("dashboard").filter(
        (path) =>
          ![
            "worker/money.ts",
            "worker/calendar.ts",
            "worker/http/principal.ts",
            // What the dashboard signs is what the Worker checks.
            "worker/collect/signature.ts",
          ].includes(path) &&
          // The band that is drawn is the band that is judged by.
          !/^worker\/reports\/anomalies\/(?:band|series|verdict)\.ts$/.test(path),
      ),
    ).toEqual([]);
  });

  it("of drawers do not exist", () => {
    const drawers = [...worker, ...sources("dashboard"), ...sources("pixel")].filter((file) =>
      /(?:^|\/)(?:utils?|helpers?|lib|common|services?)(?:\/|\.)/.test(file),
    );
    expect(drawers).toEqual([]);
  });
});
