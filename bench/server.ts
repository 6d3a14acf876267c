/** The Worker itself in a separate workerd, on loopback, without a proxy and without limits. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Plan } from "../worker/store/plan.ts";
import { migrate } from "./database.ts";

export const TOKEN = "bench";
const UNLIMITED = { limit: 1_000_000, period: 10 } as const;

export async function bundled(entry = "worker/index.ts"): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), "edgepixel-bench-")), "worker.js");
  await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    outfile: file,
    external: ["cloudflare:workers"],
    target: "es2024",
    minify: true,
  });
  return readFileSync(file, "utf8");
}

type Server = { miniflare: Miniflare; port: number };
/** A line of the Worker's log. */
export type Line = { message?: string } & Record<string, unknown>;

type Serving = { databases?: readonly string[]; hear?: (line: Line) => void; plan?: Plan };

/** `databases` are further databases; they and the Worker's are migrated. `hear` gets the lines that the Worker logs. */
export async function serve(
  script: string,
  { databases = [], hear = () => undefined, plan = "free" }: Serving = {},
): Promise<Server> {
  const worker = script.includes("Runner");
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script,
      compatibilityDate: "2026-08-01",
      unsafeDirectSockets: [{ port: 0 }],
      inspectorPort: 0,
      handleStructuredLogs: ({ message }) =>
        hear(message.startsWith("{") ? (JSON.parse(message) as Line) : { message }),
      d1Databases: ["DB", ...databases],
      r2Buckets: ["ARCHIVE"],
      queueProducers: { EVENTS: "events" },
      queueConsumers: { events: { maxBatchSize: 100, maxBatchTimeout: 1 } },
      ratelimits: {
        PIXEL_LIMIT: { namespace_id: "1", simple: UNLIMITED },
        API_LIMIT: { namespace_id: "2", simple: UNLIMITED },
        SIGN_IN_LIMIT: { namespace_id: "3", simple: UNLIMITED },
      },
      durableObjects: worker
        ? {
            RUNNER: { className: "Runner", useSQLite: true },
            LIVE: { className: "LiveCounters", useSQLite: true },
            REQUEST_LOG: { className: "RequestLog", useSQLite: true },
            METER: { className: "Meter", useSQLite: true },
            INTAKE: { className: "Intake", useSQLite: true },
          }
        : {},
      bindings: { ADMIN_TOKEN: TOKEN, LOCAL: "1", PLAN: plan },
      // As in wrangler.toml: reports have it in their ETag.
      ...(worker && { versionMetadata: "VERSION" }),
    }),
  );
  await miniflare.ready;
  for (const name of worker ? ["DB", ...databases] : [])
    await migrate((await miniflare.getD1Database(name)) as unknown as D1Database);
  const { port } = await miniflare.unsafeGetDirectURL();
  return { miniflare, port: Number(port) };
}
