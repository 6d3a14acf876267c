/** Thousands of tags: answers have a limited number of rows and say how many they leave out; CSV has all. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { call, read } from "./api.ts";
import { createProject } from "./log.ts";

const TAGS = 4_000;
const FROM = "2026-05-01";
const DAYS = 60;

/** Rows as the projections would make them: `tag-0` has most events, and none on the last day. */
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

/** Payments by many tags, and people and apps of one day. */
const PAYING = 10_500;
const [COHORTS, APPS] = [2_000, 1_500];
beforeAll(async () => {
  const each = (insert: string, count: number, select: string) =>
    env.DB.prepare(`INSERT INTO ${insert} WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ${count - 1})
      SELECT 'many', '${FROM}', ${select} FROM n`);
  await env.DB.batch([
    each(
      "payments (project_id, event_date, event_type, person, event_hour, app_id, platform, banner_tag, currency, total, whole, fraction)",
      PAYING,
      "'deposit', 'p' || (n % 100), 0, '', '', 'tag-' || n, 'USD', 1, 2, 0",
    ),
    each("retention (project_id, cohort_date, banner_tag, day, people)", COHORTS, "'tag-' || n, 0, 1 + n"),
    each(
      "activity (project_id, event_date, event_type, person, event_hour, banner_tag, country, device, app_id, total)",
      APPS + 1,
      `'spin', 'p' || n, 0, '', '', '', CASE n WHEN ${APPS} THEN 'app-1' ELSE 'app-' || n END, 1`,
    ),
  ]);
});

const PERIOD = `project_id=many&from=${FROM}&to=2026-06-29`;
const lines = async (path: string) =>
  (await (await call("GET", `${path}&format=csv`)).text()).trimEnd().split("\r\n").length;

describe("of thousands of tags", () => {
  it("campaigns are listed in the requested order, with the number left out", async () => {
    type Campaigns = {
      rows: { banner_tag: string; visits: number }[];
      rows_left_out: number;
      total: { visits: number };
    };
    const { rows, rows_left_out, total } = await read<Campaigns>(`/campaigns?${PERIOD}`);
    expect([rows.length, rows_left_out, rows[0]?.banner_tag]).toEqual([1_000, TAGS - 1_000, "tag-0"]);
    expect(total.visits).toBe(200 * (DAYS - 1) + (TAGS - 1) * 3);
    expect(await lines(`/campaigns?${PERIOD}`)).toBe(1 + TAGS);
  });

  it("the funnel's groups are listed, with the number left out", async () => {
    type Funnel = { groups: unknown[]; groups_left_out: number; steps: { players: number }[] };
    const { groups, groups_left_out, steps } = await read<Funnel>(`/funnel?${PERIOD}&group_by=banner_tag`);
    expect([groups.length, groups_left_out, steps[0]?.players]).toEqual([1_000, TAGS - 1_000, TAGS]);
    expect(await lines(`/funnel?${PERIOD}&group_by=banner_tag`)).toBe(1 + 4 * TAGS);
  });

  type Paged = { rows: Record<string, unknown>[]; next_cursor?: string; total?: Record<string, unknown> };
  /** All pages, with this number of rows each. */
  const pages = async (path: string): Promise<Paged[]> => {
    const all: Paged[] = [];
    for (let next: string | undefined = ""; next !== undefined; next = all.at(-1)?.next_cursor)
      all.push(await read<Paged>(`${path}${next && `&cursor=${next}`}`));
    return all;
  };

  it("counts come in pages, each row once, in every format", async () => {
    const path = `/metrics?${PERIOD}&group_by=banner_tag`;
    const all = await pages(path);
    const rows = (TAGS - 1) * 3 + DAYS - 1;
    expect(all.map((page) => page.rows.length)).toEqual([10_000, rows - 10_000]);
    const keys = all.flatMap((page) => page.rows).map((row) => `${row.event_date} ${row.banner_tag}`);
    expect(new Set(keys).size).toBe(rows);
    expect(keys).toEqual(keys.toSorted());
    expect(await lines(path)).toBe(1 + rows);
    const small = await pages(`${path}&limit=5000`);
    expect(small.map((page) => page.rows.length)).toEqual([5_000, 5_000, rows - 10_000]);
    // A cursor of another list is refused.
    const hours = await call(
      "GET",
      `/metrics?${PERIOD}&interval=hour&group_by=banner_tag&cursor=${all[0]?.next_cursor}`,
    );
    expect([hours.status, await hours.json()]).toMatchObject([400, { errors: [{ field: "cursor" }] }]);
  });

  it("revenue comes in pages, with the total of all on each", async () => {
    const path = `/revenue?${PERIOD}&group_by=banner_tag`;
    const all = await pages(path);
    expect(all.map((page) => page.rows.length)).toEqual([10_000, PAYING - 10_000]);
    expect(new Set(all.flatMap((page) => page.rows).map((row) => row.banner_tag)).size).toBe(PAYING);
    const total = { deposits: PAYING, paying_users: 100, total_usd: "21000.00" };
    expect(all.map((page) => page.total)).toMatchObject([total, total]);
    expect(all[1]?.rows[0]).toMatchObject({ event_date: FROM, deposits: 1, paying_users: 1, total_usd: "2.00" });
    expect(await lines(path)).toBe(1 + PAYING);
  });

  it("the largest cohorts and apps are listed, with the number left out", async () => {
    type Cut = { rows: Record<string, unknown>[]; rows_left_out: number; total: Record<string, unknown> };
    const cohorts = await read<Cut>(`/cohorts?${PERIOD}&group_by=banner_tag`);
    expect([cohorts.rows.length, cohorts.rows_left_out]).toEqual([1_000, COHORTS - 1_000]);
    expect(Math.min(...cohorts.rows.map(({ players }) => Number(players)))).toBe(COHORTS - 999);
    expect(cohorts.total).toMatchObject({ players: (COHORTS * (COHORTS + 1)) / 2 });
    expect(await lines(`/cohorts?${PERIOD}&group_by=banner_tag`)).toBe(1 + COHORTS);
    const kpis = await read<Cut>(`/kpis?project_id=many&date=${FROM}`);
    expect([kpis.rows.length, kpis.rows_left_out]).toEqual([1_000, APPS - 1_000]);
    expect(kpis.rows).toContainEqual(expect.objectContaining({ app_id: "app-1", active_users: 2 }));
    expect(await lines(`/kpis?project_id=many&date=${FROM}`)).toBe(1 + APPS);
  });

  it("the tags with most events are watched for anomalies one by one, and the others as a part of all", async () => {
    type Anomalies = { tags_left_out: number; rows: { banner_tag: string | null; kind: string; event_date: string }[] };
    const asked = `project_id=many&from=2026-06-29&to=2026-06-29`;
    const { tags_left_out, rows } = await read<Anomalies>(`/anomalies?${asked}`);
    expect(tags_left_out).toBe(TAGS - 200);
    expect(rows).toContainEqual(expect.objectContaining({ banner_tag: "tag-0", kind: "silence" }));
    expect(rows.map(({ banner_tag }) => banner_tag)).toContain(null);
    // A request for one of the other tags gets that tag's anomalies.
    expect((await call("GET", `/anomalies?${asked}&banner_tag=tag-3999`)).status).toBe(200);
  });
});
