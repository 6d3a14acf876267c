/**
 * The speed of the routes that collect events, as a ratio to a handler that does nothing, in one run on the same machine:
 * through Miniflare, without a proxy.
 */
import { Agent, request } from "node:http";
import { bundled, serve, TOKEN } from "./server.ts";

const SECONDS = 2;
const ROUNDS = 3;

type Rate = { perSecond: number; errors: number };

type Ask = { path: string; body?: string };

/** Keeps `connections` requests in flight for some time, on loopback. */
async function drive(port: number, connections: number, ask: (n: number) => Ask, expected: number): Promise<Rate> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
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
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) {
        await one(n++);
        done++;
      }
    }),
  );
  agent.destroy();
  return { perSecond: Math.round(done / SECONDS), errors };
}

type Way = { what: string; batch: number; port: number; ask(n: number): Ask; expected: number };

/** Measures all ways in turn, so that other work of the machine slows down each of them. */
async function inTurn(ways: readonly Way[], connections: number): Promise<Rate[]> {
  const rates = ways.map((): Rate => ({ perSecond: 0, errors: 0 }));
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, { port, ask, expected }] of ways.entries()) {
      const { perSecond, errors } = await drive(port, connections, ask, expected);
      const rate = rates[index] as Rate;
      rate.perSecond += perSecond / ROUNDS;
      rate.errors += errors;
    }
  return rates;
}

export async function benchCollect(): Promise<void> {
  const worker = await bundled();
  const raw = await serve(RAW);
  const paid = await serve(worker, { plan: "paid" });
  const free = await serve(worker, { plan: "free" });
  const nothing: Way = {
    what: "a handler that does nothing",
    batch: 1,
    port: raw.port,
    ask: () => ({ path: "/" }),
    expected: 200,
  };
  const pixels = [
    { what: "GET /visit, paid plan: into the queue", port: paid.port },
    { what: "GET /visit, free plan: into the intake", port: free.port },
  ].map((way): Way => ({ ...way, batch: 1, ask: visit, expected: 200 }));
  const batches = [1, 50, 500].map(
    (batch): Way => ({
      what: "POST /api/v1/events, paid plan",
      batch,
      port: paid.port,
      ask: events(batch),
      expected: 202,
    }),
  );
  for (const [connections, ways] of [
    [32, [nothing, ...pixels, ...batches]],
    [256, [nothing, ...pixels]],
  ] as const) {
    const rates = await inTurn(ways, connections);
    const most = rates[0]?.perSecond as number;
    console.log(`\nDurable when answered, ${connections} connections; the consumer and the projections run beside it:`);
    console.table(
      ways.map(({ what, batch }, index) => {
        const { perSecond, errors } = rates[index] as Rate;
        return {
          what,
          "events a request": batch,
          "requests/s": Math.round(perSecond),
          "events/s": Math.round(perSecond * batch),
          "ratio to doing nothing": Number((perSecond / most).toFixed(2)),
          errors,
        };
      }),
    );
  }
  for (const { miniflare } of [raw, paid, free]) await miniflare.dispose();
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
