/** The server of the benchmarks has all bindings that the Worker needs, and the simulation of shards keeps its rules. */
import { describe, expect, it, vi } from "vitest";
import { consumerSettings, placed, SPEEDS, shardsFor, sharesOf } from "../../bench/scale.ts";
import { bundled, serve, TOKEN } from "../../bench/server.ts";
import { type Outcome, type Plan, simulate } from "../../bench/simulation.ts";

// The simulation imports modules of the Worker, of which it runs only functions that use no binding.
vi.mock("cloudflare:workers", () => ({ DurableObject: class {}, waitUntil: () => undefined }));

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

describe("the simulation of shards", () => {
  const plan: Plan = {
    ...{ shards: 2, rate: 200, seconds: 120, queueEach: true, isolates: 4, batch: consumerSettings() },
    speed: SPEEDS["measured here"] as Plan["speed"],
  };
  const counts = ({ lags: _, logLags: __, ...rest }: Outcome) => rest;

  it("loses no event", () => {
    const { sent, stored, inFigures, inQueue, dead } = simulate(plan);
    expect(sent).toBeGreaterThan(45_000);
    expect(dead).toBe(0);
    expect(stored + inQueue).toBe(sent);
    expect(inFigures).toBeGreaterThan(0.95 * sent);
    expect(inFigures).toBeLessThanOrEqual(stored);
  });

  it("has the same result for the same seed, and another one for another seed", () => {
    expect(counts(simulate(plan))).toEqual(counts(simulate(plan)));
    expect(counts(simulate({ ...plan, seed: 2 }))).not.toEqual(counts(simulate(plan)));
  });

  it("delays other shards by a stalled one only where they share a queue", () => {
    const faults = [{ shard: 0, kind: "stall", from: 20_000, to: 90_000 }] as const;
    const separate = simulate({ ...plan, faults }).lags;
    const shared = simulate({ ...plan, faults, queueEach: false }).lags;
    expect(separate.healthy.worst).toBeLessThan(10_000);
    expect(separate.faulty.worst).toBeGreaterThan(50_000);
    expect(shared.healthy.worst).toBeGreaterThan(20_000);
  });

  it("keeps the events of a lost shard until it is back", () => {
    const out = simulate({ ...plan, seconds: 400, faults: [{ shard: 0, kind: "loss", from: 20_000, to: 60_000 }] });
    expect(out.mostInQueue).toBeGreaterThan(7_000);
    expect(out.deliveries).toBeGreaterThan(out.messages);
    expect(out.sent - out.stored).toBeLessThan(2_000);
  });

  it("reads the consumer's settings", () =>
    expect(consumerSettings()).toEqual({ messages: 100, seconds: 1, tries: 20 }));
});

describe("projects on shards", () => {
  it("are placed by size", () => expect(placed([1, 5, 4, 2], 2)).toEqual([6, 6]));

  it("need no more shards than necessary, and a project that is too large fits on none", () => {
    expect(shardsFor([6, 5, 4, 3], 9)).toEqual({ shards: 2, busiest: 9 });
    expect(shardsFor([10, 1], 9)).toBeNull();
  });

  it("have shares that are 1 together", () =>
    expect(sharesOf(50).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1));
});
