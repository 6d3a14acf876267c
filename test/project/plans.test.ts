/** The docs' numbers of the plans, and the texts of a Deploy to Cloudflare button, match the code. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { ALLOWANCES, PLANS } from "../../worker/store/plan.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const count = (n: number) => n.toLocaleString("en");

it("docs/deploy.md has each number of the free plan, with the paid plan's next to it", () => {
  const lines = read("docs/deploy.md").split("\n");
  const { free, paid } = ALLOWANCES;
  const said: [string, number, string][] = [
    ["processor time", free.cpu_ms, `${paid.cpu_ms / 1_000} s`],
    ["subrequests", PLANS.free.subrequests, count(PLANS.paid.subrequests)],
    ["D1 queries", PLANS.free.queries, count(PLANS.paid.queries)],
    ["requests a day", free.requests_a_day, "by use"],
    ["queue operations a day", free.queue_operations_a_day, "by use"],
    ["in the queue", free.queue_retention_hours, `${paid.queue_retention_hours / 24} days`],
    ["rows written", free.rows_written_a_day, "by use"],
    ["rows read", free.rows_read_a_day, "by use"],
    ["a database", free.database_megabytes, count(paid.database_megabytes)],
  ];
  for (const [what, number, more] of said) {
    const line = lines.find((one) => one.startsWith("| ") && one.split("|")[1]?.includes(what));
    expect([what, line]).toEqual([what, expect.stringContaining(count(number))]);
    expect([what, line]).toEqual([what, expect.stringContaining(more)]);
  }
});

it("package.json describes what wrangler.toml and .dev.vars.example let a deployer fill in, and nothing else", () => {
  const { bindings } = JSON.parse(read("package.json")).cloudflare as { bindings: Record<string, unknown> };
  const config = read("wrangler.toml");
  const vars = (config.split("[vars]")[1]?.split("\n[")[0] ?? "").matchAll(/^(\w+) = /gm);
  const kinds = /\[\[(?:d1_databases|r2_buckets|queues\.producers)\]\]\nbinding = "(\w+)"/g;
  const secrets = read(".dev.vars.example").matchAll(/^(\w+)=/gm);
  const known = [...vars, ...config.matchAll(kinds), ...secrets].map(([, name]) => name);
  expect(Object.keys(bindings).sort()).toEqual(known.sort());
});
