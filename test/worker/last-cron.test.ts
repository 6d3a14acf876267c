/** /health has the time of cron's last run, and the version; recording it costs a row every five minutes at most. */
import { env, SELF } from "cloudflare:test";
import { expect, it } from "vitest";
import operations from "../../docs/operations.md?raw";
import { DUTIES, eachMinute } from "../../worker/cron.ts";
import { CRON_RECORDED_EVERY_MS, lastCron, recordCron } from "../../worker/duties/last-cron.ts";
import { forgetHealth, type Health } from "../../worker/reports/health.ts";
import { VERSION } from "../../worker/version.ts";
import { HOST } from "./api.ts";
import { db } from "./log.ts";

async function health(): Promise<Health> {
  forgetHealth();
  return (await SELF.fetch(`${HOST}/health`)).json<Health>();
}

it("says when cron last ran, and null before it has", async () => {
  expect((await health()).last_cron).toBeNull();
  const before = Date.now();
  await eachMinute({ scheduledTime: before }, env);
  const last = Date.parse((await health()).last_cron ?? "");
  expect(last).toBeGreaterThanOrEqual(before);
  expect(last).toBeLessThanOrEqual(Date.now());
});

it("is recorded again only when the last record is five minutes old", async () => {
  const first = Date.parse((await lastCron(db)) ?? "");
  for (const [later, noted] of [
    [CRON_RECORDED_EVERY_MS - 1, 0],
    [CRON_RECORDED_EVERY_MS, CRON_RECORDED_EVERY_MS],
  ] as const) {
    await recordCron(env, first + later);
    expect(Date.parse((await lastCron(db)) ?? "")).toBe(first + noted);
  }
});

it("still wakes everything when it cannot be recorded", async () => {
  await env.DB.exec("ALTER TABLE cron_runs RENAME TO away");
  await expect(eachMinute({ scheduledTime: Date.now() }, env)).resolves.toBeUndefined();
  const { status, last_cron } = await health();
  expect([status, last_cron]).toEqual(["ok", null]);
  await env.DB.exec("ALTER TABLE away RENAME TO cron_runs");
});

it("is shown with the version and the newest migration", async () => {
  const { version, migration } = await health();
  expect([version, migration]).toEqual([VERSION, env.MIGRATIONS.at(-1)?.name]);
});

it.each(DUTIES.map(({ name }) => name))("wakes %s, which docs/operations.md has", (name) => {
  const [, listed = ""] = operations.split("## What goes on by itself");
  expect(listed).toContain(`\n| \`${name}\` | `);
});
