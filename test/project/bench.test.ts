/** The server of the benchmarks has all bindings that the Worker needs. */
import { expect, it } from "vitest";
import { bundled, serve, TOKEN } from "../../bench/server.ts";

it("answers a report", async () => {
  const { miniflare, port } = await serve(await bundled());
  try {
    const url = `http://127.0.0.1:${port}/api/v1/metrics?from=2026-05-01&to=2026-05-02`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect([answer.status, await answer.json()]).toMatchObject([200, { rows: [] }]);
  } finally {
    await miniflare.dispose();
  }
});
