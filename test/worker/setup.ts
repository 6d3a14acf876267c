import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect } from "vitest";
import { overruns } from "../../worker/store/budget.ts";
import { shardBindings } from "../../worker/store/shards.ts";

for (const name of ["DB", ...shardBindings(env)]) {
  await applyD1Migrations((env as unknown as Record<string, D1Database>)[name] as D1Database, env.MIGRATIONS);
}

/** The Worker runs in this isolate: an invocation that exceeds its plan's limits fails the test that is running. */
afterEach(() => expect(overruns.splice(0), "invocations over their budget").toEqual([]));
