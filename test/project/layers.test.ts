/** Rules of imports: only to lower layers, and never in a cycle of files or folders. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { circles, importsOf, roomOf, sources } from "./imports.ts";

/** The layers from the top. A file may import from its layer and lower ones; a cycle is refused even within a layer. */
const STEPS: string[][] = [
  ["worker/index.ts"],
  ["worker/queues.ts"],
  ["worker/runner.ts"],
  ["worker/cron.ts"],
  ["worker/app.ts"],
  ["worker/openapi"],
  ["worker/admin"],
  ["worker/inbound"],
  ["worker/schedules", "worker/monitor", "worker/collect"],
  ["worker/alerts"],
  ["worker/reports"],
  [
    "worker/event-log",
    "worker/payouts",
    "worker/http",
    "worker/request-log",
    "worker/rates",
    "worker/erasure",
    "worker/retention",
  ],
  ["worker/projections"],
  ["worker/figures"],
  ["worker/live", "worker/archive", "worker/meter", "worker/postbacks", "worker/channels", "worker/queue"],
  ["worker/registry"],
  ["worker/suppression.ts"],
  ["worker/project.ts", "worker/instance-key.ts"],
  ["worker/log-columns.ts"],
  ["worker/duties"],
  ["worker/store"],
  [
    "worker/event.ts",
    "worker/event-reading.ts",
    "worker/placeholder.ts",
    "worker/lookalike.ts",
    "worker/exact-json.ts",
    "worker/money.ts",
    "worker/calendar.ts",
    "worker/time.ts",
    "worker/log.ts",
    "worker/in-time.ts",
    "worker/outbox.ts",
    "worker/pseudonym.ts",
    "worker/remembered.ts",
    "worker/sealed-copy.ts",
    "worker/secret-name.ts",
    "worker/tables.ts",
    "worker/version.ts",
  ],
];

/** The dashboard's files that all views share. Files directly in dashboard/ are shared, except those that show views. */
const MATERIAL =
  /^dashboard\/(?:(?:act|chart|live|table|words)\/|(?!(?:main|app|share-link|page|loaders)\.)[\w-]+\.tsx?$)/;

/** The Worker's code that the dashboard runs: none that needs bindings. */
const RUN_BY_THE_DASHBOARD = [
  /^worker\/(?:money|calendar|time)\.ts$/,
  /^worker\/http\/principal\.ts$/,
  // The dashboard signs the text that the Worker checks.
  /^worker\/collect\/signature\.ts$/,
  // Files of the dashboard's tables are written like the Worker's.
  /^worker\/reports\/csv\.ts$/,
  // The drawn band is the one that anomalies are judged by.
  /^worker\/reports\/anomalies\/(?:band|series|verdict)\.ts$/,
];

const stepOf = (file: string) =>
  STEPS.findIndex((step) => step.some((part) => file === part || file.startsWith(`${part}/`)));

const files = { worker: sources("worker"), dashboard: sources("dashboard"), pixel: sources("pixel") };
const imports = {
  worker: files.worker.flatMap(importsOf),
  dashboard: files.dashboard.flatMap(importsOf),
  pixel: files.pixel.flatMap(importsOf),
};
const all = Object.values(imports).flat();
const running = all.filter(({ typeOnly }) => !typeOnly);
const said = ({ from, to }: { from: string; to: string }) => `${from} imports ${to}`;

describe("imports", () => {
  it("cover every file of the Worker with a layer", () => {
    expect(files.worker.filter((file) => stepOf(file) === -1)).toEqual([]);
    expect(files.worker.length).toBeGreaterThan(20);
  });

  it("lead only to lower layers", () => {
    const upward = imports.worker.filter(({ from, to }) => to.startsWith("worker/") && stepOf(to) < stepOf(from));
    expect(upward.map((one) => `${said(one)}, which is on a higher step`)).toEqual([]);
  });

  it("have no cycle of files", () => {
    expect(circles(running, (file) => file)).toEqual([]);
  });

  it("have no cycle of folders, not even by types", () => {
    expect(circles(all, roomOf)).toEqual([]);
  });

  it("reach the database only through the store", () => {
    const others = files.worker.filter((file) => !file.startsWith("worker/store/"));
    expect(others.filter((file) => /\bDB\b/.test(readFileSync(file, "utf8")))).toEqual([]);
  });

  it("of the dashboard's shared files lead to no view", () => {
    const views = imports.dashboard.filter(
      ({ from, to }) => MATERIAL.test(from) && to.startsWith("dashboard/") && !MATERIAL.test(to),
    );
    expect(views.map((one) => `${said(one)}, which is of a view`)).toEqual([]);
    expect(files.dashboard.filter((file) => MATERIAL.test(file)).length).toBeGreaterThan(20);
  });

  it("of the pixel take only types from the Worker, and those of the dashboard no code that needs bindings", () => {
    const ofWorker = running.filter(({ from, to }) => to.startsWith("worker/") && !from.startsWith("worker/"));
    expect(ofWorker.filter(({ from }) => from.startsWith("pixel/")).map(said)).toEqual([]);
    const needless = ofWorker.filter(({ to }) => !RUN_BY_THE_DASHBOARD.some((allowed) => allowed.test(to)));
    expect(needless.map(said)).toEqual([]);
  });

  it("of the Worker and of the pixel lead to no other folder", () => {
    const within = (folder: "worker" | "pixel", others: RegExp) =>
      imports[folder].filter(({ to }) => !to.startsWith(`${folder}/`) && !others.test(to)).map(said);
    expect([...within("worker", /^$/), ...within("pixel", /^worker\//)]).toEqual([]);
  });

  it("of catch-all folders or files (utils, helpers, lib, common, services) do not exist", () => {
    const drawers = Object.values(files)
      .flat()
      .filter((file) => /(?:^|\/)(?:utils?|helpers?|lib|common|services?)(?:\/|\.)/.test(file));
    expect(drawers).toEqual([]);
  });

  it("are checked by a search that finds cycles of files and of folders", () => {
    const one = (from: string, to: string, typeOnly = false) => ({ from, to, typeOnly });
    const itself = (file: string) => file;
    const [a, b, c] = ["worker/a/x.ts", "worker/b/y.ts", "worker/a/z.ts"];
    expect(circles([one(a, b), one(b, c)], itself)).toEqual([]);
    expect(circles([one(a, b), one(b, c)], roomOf)).toEqual([
      `worker/a needs worker/b (${a} imports ${b}), worker/b needs worker/a (${b} imports ${c})`,
    ]);
    expect(circles([one(a, b), one(b, c), one(c, a)], itself)).toEqual([
      `${a} imports ${b}, ${b} imports ${c}, ${c} imports ${a}`,
    ]);
  });
});
