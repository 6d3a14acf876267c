/** The door as a ratio to a handler that does nothing, in one run on the same machine: through Miniflare, no proxy between. */
import { mkdtempSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

const SECONDS = 4;
const CONNECTIONS = 32;

type Rate = { perSecond: number; errors: number };

/** Keeps so many requests in flight for so long, on loopback. */
async function drive(port: number, path: (n: number) => string, expected: number): Promise<Rate> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const until = performance.now() + SECONDS * 1_000;
  let done = 0;
  let errors = 0;
  const one = (n: number) =>
    new Promise<void>((resolve) => {
      const sent = request({ host: "127.0.0.1", port, agent, path: path(n) }, (response) => {
        if (response.statusCode !== expected) errors++;
        response.resume().on("end", resolve);
      });
      sent.on("error", () => {
        errors++;
        resolve();
      });
      sent.end();
    });
  let n = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < until) {
        await one(n++);
        done++;
      }
    }),
  );
  agent.destroy();
  return { perSecond: Math.round(done / SECONDS), errors };
}

async function serve(script: string, measure: (port: number) => Promise<Rate>): Promise<Rate> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script,
      compatibilityDate: "2026-08-01",
      unsafeDirectSockets: [{ port: 0 }],
      d1Databases: ["DB"],
      queueProducers: { EVENTS: "events" },
      queueConsumers: { events: { maxBatchSize: 100, maxBatchTimeout: 1 } },
      durableObjects: script.includes("Projector")
        ? {
            PROJECTOR: { className: "Projector", useSQLite: true },
            LIVE: { className: "LiveCounters", useSQLite: true },
          }
        : {},
      bindings: { ADMIN_TOKEN: "bench" },
    }),
  );
  await miniflare.ready;
  if (script.includes("Projector")) {
    const db = await miniflare.getD1Database("DB");
    const { migrate } = await import("./database.ts");
    await migrate(db as unknown as D1Database);
  }
  const { port } = await miniflare.unsafeGetDirectURL();
  const rate = await measure(Number(port));
  await miniflare.dispose();
  return rate;
}

export async function benchCollect(): Promise<void> {
  const file = join(mkdtempSync(join(tmpdir(), "edgepixel-bench-")), "worker.js");
  await build({
    entryPoints: ["worker/index.ts"],
    bundle: true,
    format: "esm",
    outfile: file,
    external: ["cloudflare:workers"],
    target: "es2024",
    minify: true,
  });
  const raw = await serve("export default { fetch: () => new Response('ok') }", (port) => drive(port, () => "/", 200));
  const pixel = await serve(readFileSync(file, "utf8"), (port) =>
    drive(port, (n) => `/visit?player_id=p${n}&btag=t${n % 20}`, 200),
  );
  console.log(`\nRequests a second, ${CONNECTIONS} connections:`);
  console.table([
    { what: "a handler that does nothing", ...raw, ratio: 1 },
    { what: "GET /visit, durable in the queue", ...pixel, ratio: Number((pixel.perSecond / raw.perSecond).toFixed(2)) },
  ]);
}
