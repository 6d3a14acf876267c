import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect } from "vitest";
import { overruns } from "../../worker/store/budget.ts";

await applyD1Migrations(env.DB, env.MIGRATIONS);

/** The Worker runs in this isolate: an invocation that exceeds its plan's limits fails the test that is running. */
afterEach(() => expect(overruns.splice(0), "invocations over their budget").toEqual([]));
