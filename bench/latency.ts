/** How soon a pixel shows in the live counters and in the daily tables. It requests a running server, like a user. */
import { startCommand } from "../test/start-command.ts";

/** A round takes up to ten seconds, which is how old figures may be. */
const ROUNDS = 8;

export async function benchLatency(): Promise<void> {
  const server = await startCommand();
  const headers = { authorization: `Bearer ${server.token}` };
  const read = async (path: string) => (await fetch(`${server.url}/api/v1/${path}`, { headers })).json();
  const until = async (seen: () => Promise<boolean>) => {
    const started = performance.now();
    while (!(await seen())) {
      if (performance.now() - started > 20_000) throw new Error("It did not show within 20 s.");
      await new Promise((done) => setTimeout(done, 10));
    }
    return performance.now() - started;
  };
  const rows: { round: number; pixel: number; live: number; daily: number }[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const event_type = `latency_${round}`;
    const started = performance.now();
    const pixel = await fetch(`${server.url}/pixel/${event_type}?player_id=p&btag=t`);
    await pixel.body?.cancel();
    const answered = performance.now() - started;
    const [live, daily] = await Promise.all([
      until(
        async () =>
          event_type in ((await read("realtime")) as { windows: { "5m": { by_type: object } } }).windows["5m"].by_type,
      ),
      until(async () => ((await read(`metrics?event_type=${event_type}`)) as { rows: unknown[] }).rows.length > 0),
    ]);
    rows.push({ round, pixel: answered, live, daily });
  }
  await server.stop();
  console.log(`\nMilliseconds, one pixel at a time, ${ROUNDS} rounds through wrangler dev:`);
  console.table(
    (["pixel", "live", "daily"] as const).map((what) => {
      const sorted = rows.map((row) => row[what]).sort((a, b) => a - b);
      const at = (share: number) =>
        Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number);
      return {
        what: { pixel: "pixel's own answer", live: "answer → live counters", daily: "answer → daily tables" }[what],
        least: at(0),
        median: at(0.5),
        most: at(1),
      };
    }),
  );
}
