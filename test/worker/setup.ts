import { abortAllDurableObjects, applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, vi } from "vitest";

/**
 * Files run one after another in one process of workerd, which takes as long to start as most of them. Each begins with
 * modules that remember nothing, and with empty storage.
 */
vi.resetModules();
vi.useRealTimers();
await abortAllDurableObjects();
await reset();
await applyD1Migrations(env.DB, env.MIGRATIONS);
// What the file before had on its way to the bucket when its objects ended.
for (const { key } of (await env.ARCHIVE.list()).objects) await env.ARCHIVE.delete(key);

const { overruns } = await import("../../worker/store/budget.ts");
/** The Worker runs in this isolate: whichever invocation goes over its plan's limits fails the test that it runs beside. */
afterEach(() => expect(overruns.splice(0), "invocations over their budget").toEqual([]));
