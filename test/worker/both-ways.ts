/** Requests reports both ways, made from the tables and from rows of days, bypassing cached answers. */
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { findProject } from "../../worker/project.ts";
import { anomalies } from "../../worker/reports/anomalies.ts";
import { campaigns } from "../../worker/reports/campaigns.ts";
import { cohorts } from "../../worker/reports/cohorts.ts";
import type { DaysScope } from "../../worker/reports/days/scope.ts";
import type { FieldFilter } from "../../worker/reports/field-filter.ts";
import { funnel } from "../../worker/reports/funnel.ts";
import { kpis } from "../../worker/reports/kpis.ts";
import { metrics } from "../../worker/reports/metrics.ts";
import { periodOf } from "../../worker/reports/period.ts";
import type { Described } from "../../worker/reports/report.ts";
import { revenue } from "../../worker/reports/revenue.ts";
import { series } from "../../worker/reports/series/series.ts";
import { table } from "../../worker/reports/table.ts";
import { db } from "./log.ts";

const OF_DAYS: readonly Described[] = [metrics, series, campaigns, funnel, cohorts, revenue, kpis, anomalies];
/** The addresses of these reports. */
export const PATHS_OF_DAYS = OF_DAYS.map(({ path }) => path);

/** `address` is a path below `/api/v1` with a query; of all tags where `tags` is null. */
export type Question = { project_id: string; address: string; tags: string[] | null; field?: FieldFilter | null };

async function answerOf(
  { project_id, address, tags, field = null }: Question,
  days: DaysScope | null,
  format: string,
  now = Date.now(),
): Promise<string> {
  const url = new URL(address, "https://reports.example");
  const name = /^\/metrics\/(\w+)$/.exec(url.pathname)?.[1];
  const report = name === undefined ? OF_DAYS.find(({ path }) => path === url.pathname) : series;
  if (!report) throw new Error(`No report of days has the path ${url.pathname}.`);
  const scope = days !== null && report.ofAllTags ? { ...days, tags: null } : days;
  const project = await findProject(env, project_id, now);
  if (!project) throw new Error(`There is no project ${project_id}.`);
  const query = report.query.parse(Object.fromEntries(url.searchParams));
  const asked = {
    ...{ env, db, project, tags, days: scope, query, now, field, firstEvent: {}, byDays: false },
    principal: { role: "admin", project_id: null, banner_tags: null, key_id: null },
    params: { name },
    period: report.period?.(project, query as never, now, false) ?? periodOf(project, query as never, now),
  };
  url.searchParams.set("format", format);
  const app = new Hono().get("*", async (c) => table(c, await report.read(asked as never)));
  const response = await app.request(url, {}, env);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${address} answered ${response.status}: ${text}`);
  return text;
}

const CURSOR = /"next_cursor":"([^"]+)"/;

/** All pages in JSON, without cursors, which are sealed and differ each time. */
async function pagesOf(asked: Question, days: DaysScope | null): Promise<string[]> {
  const pages: string[] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const address: string = next === "" ? asked.address : `${asked.address}&cursor=${encodeURIComponent(next)}`;
    const page = await answerOf({ ...asked, address }, days, "json");
    pages.push(page.replace(CURSOR, '"next_cursor":""'));
    next = CURSOR.exec(page)?.[1];
  }
  return pages;
}

/** The answers from the tables and from rows of days: in JSON, with all pages, and as CSV. */
export async function bothWays(asked: Question): Promise<{ tables: string[]; days: string[] }> {
  const { project_id, tags, field = null } = asked;
  const ways = async (days: DaysScope | null) => [...(await pagesOf(asked, days)), await answerOf(asked, days, "csv")];
  return { tables: await ways(null), days: await ways({ project_id, filter: null, tags, field, since: null }) };
}
