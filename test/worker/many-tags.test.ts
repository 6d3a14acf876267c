/** Thousands of tags: answers stay bounded and say what they leave out; CSV has all. */
import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { ADMIN } from "./keys.ts";
import { createProject } from "./log.ts";

const TAGS = 3_000;
const FROM = "2026-05-01";
const DAYS = 60;

/** As the projections would have left it: `tag-0` has most events, and falls silent on the last day. */
beforeAll(async () => {
  await createProject("many");
  await env.DB.prepare(
    `INSERT INTO event_summary (project_id, event_date, event_type, banner_tag, count, total)
     WITH RECURSIVE tag (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM tag WHERE n < ${TAGS - 1}),
       day (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM day WHERE d < ${DAYS - 1})
     SELECT 'many', date('${FROM}', d || ' days'), 'visit', 'tag-' || n, 1, CASE n WHEN 0 THEN 200 ELSE 1 END
     FROM tag CROSS JOIN day WHERE n = 0 AND d < ${DAYS - 1} OR n > 0 AND d % 20 = 0`,
  ).run();
  await env.DB.prepare(
    `INSERT INTO funnel (project_id, anchor, event_date, step, banner_tag, elapsed, people)
     SELECT 'many', 'visit', '${FROM}', 0, banner_tag, -1, 1 FROM event_summary WHERE project_id = 'many' AND event_date = '${FROM}'`,
  ).run();
});

const PERIOD = `project_id=many&from=${FROM}&to=2026-06-29`;
const ask = async (path: string) => SELF.fetch(`https://tags.example/api/v1${path}`, { headers: ADMIN });
const json = async <Body>(path: string) => (await ask(path)).json<Body>();
const lines = async (path: string) => (await (await ask(`${path}&format=csv`)).text()).trimEnd().split("\r\n").length;

describe("of thousands of tags", () => {
  it("campaigns are told in the order that is asked for, and how many are left out", async () => {
    type Campaigns = {
      rows: { banner_tag: string; visits: number }[];
      rows_left_out: number;
      total: { visits: number };
    };
    const { rows, rows_left_out, total } = await json<Campaigns>(`/campaigns?${PERIOD}`);
    expect([rows.length, rows_left_out, rows[0]?.banner_tag]).toEqual([1_000, TAGS - 1_000, "tag-0"]);
    expect(total.visits).toBe(200 * (DAYS - 1) + (TAGS - 1) * 3);
    expect(await lines(`/campaigns?${PERIOD}`)).toBe(1 + TAGS);
  });

  it("the funnel's groups are told likewise", async () => {
    type Funnel = { groups: unknown[]; groups_left_out: number; steps: { players: number }[] };
    const { groups, groups_left_out, steps } = await json<Funnel>(`/funnel?${PERIOD}&group_by=banner_tag`);
    expect([groups.length, groups_left_out, steps[0]?.players]).toEqual([1_000, TAGS - 1_000, TAGS]);
    expect(await lines(`/funnel?${PERIOD}&group_by=banner_tag`)).toBe(1 + 4 * TAGS);
  });

  it("those with most events are watched for anomalies, and the others with all", async () => {
    type Anomalies = { tags_left_out: number; rows: { banner_tag: string | null; kind: string; event_date: string }[] };
    const asked = `project_id=many&from=2026-06-29&to=2026-06-29`;
    const { tags_left_out, rows } = await json<Anomalies>(`/anomalies?${asked}`);
    expect(tags_left_out).toBe(TAGS - 200);
    expect(rows).toContainEqual(expect.objectContaining({ banner_tag: "tag-0", kind: "silence" }));
    expect(rows.map(({ banner_tag }) => banner_tag)).toContain(null);
    // A request that names one of the other tags gets its figures.
    expect((await ask(`/anomalies?${asked}&banner_tag=tag-2999`)).status).toBe(200);
  });
});
