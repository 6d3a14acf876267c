/** The door as a ratio to a handler that does nothing, in one run on the same machine: through Miniflare, no proxy between. */
import { Agent, request } from "node:http";
import { bundled, serve, TOKEN } from "./server.ts";

const SECONDS = 4;
const CONNECTIONS = 32;

type Rate = { perSecond: number; errors: number };

type Ask = { path: string; body?: string };

/** Keeps so many requests in flight for so long, on loopback. */
async function drive(port: number, ask: (n: number) => Ask, expected: number): Promise<Rate> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const until = performance.now() + SECONDS * 1_000;
  let done = 0;
  let errors = 0;
  const one = (n: number) =>
    new Promise<void>((resolve) => {
      const { path, body } = ask(n);
      const method = body === undefined ? "GET" : "POST";
      const headers = { authorization: `Bearer ${TOKEN}` };
      const sent = request({ host: "127.0.0.1", port, agent, path, method, headers }, (response) => {
        if (response.statusCode !== expected) errors++;
        response.resume().on("end", resolve);
      });
      sent.on("error", () => {
        errors++;
        resolve();
      });
      sent.end(body);
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

async function rateOf(script: string, measure: (port: number) => Promise<Rate>): Promise<Rate> {
  const { miniflare, port } = await serve(script);
  const rate = await measure(port);
  await miniflare.dispose();
  return rate;
}

export async function benchCollect(): Promise<void> {
  const raw = await rateOf(RAW, (port) => drive(port, () => ({ path: "/" }), 200));
  const worker = await bundled();
  const rows = [
    { what: "a handler that does nothing", batch: 1, rate: raw },
    { what: "GET /visit", batch: 1, rate: await rateOf(worker, (port) => drive(port, visit, 200)) },
  ];
  for (const batch of [1, 50, 500]) {
    rows.push({
      what: "POST /api/v1/events",
      batch,
      rate: await rateOf(worker, (port) => drive(port, events(batch), 202)),
    });
  }
  console.log(`\nDurable in the queue, ${CONNECTIONS} connections; the consumer and the projections run beside it:`);
  console.table(
    rows.map(({ what, batch, rate: { perSecond, errors } }) => ({
      what,
      "events a request": batch,
      "requests/s": perSecond,
      "events/s": perSecond * batch,
      "ratio to doing nothing": Number((perSecond / raw.perSecond).toFixed(2)),
      errors,
    })),
  );
}

const RAW = "export default { fetch: () => new Response('ok') }";

const visit = (n: number): Ask => ({ path: `/visit?player_id=p${n}&btag=t${n % 20}` });

const events =
  (count: number) =>
  (n: number): Ask => ({
    path: "/api/v1/events",
    body: JSON.stringify(
      Array.from({ length: count }, (_, index) => ({
        event_type: "spin",
        event_id: `${n}-${index}-${count}`,
        player_id: `p${n % 5_000}`,
        app_id: "slots",
        data: { bet: 5 },
      })),
    ),
  });
