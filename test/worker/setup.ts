import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, vi } from "vitest";

const T = Date.now();
vi.resetModules();
await reset();
console.log("RESET", Date.now() - T);
await applyD1Migrations(env.DB, env.MIGRATIONS);
console.log("MIGR", Date.now() - T);
const { overruns } = await import("../../worker/store/budget.ts");

/** The Worker runs in this isolate: whichever invocation goes over its plan's limits fails the test that it runs beside. */
afterEach(() => expect(overruns.splice(0), "invocations over their budget").toEqual([]));
