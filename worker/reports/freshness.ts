/**
 * When an answer is still the same. A report's answer is a function of the log's events that it depends on, of the
 * project's settings, of which of its people have its attribution window, of the exchange rates and of people's names;
 * `changes` tells the last event of each day. Its ETag is made of these, so that whoever has the answer is told 304, and
 * an answer about days that are over is kept and never stale.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "hono";
import { localTime } from "../calendar.ts";
import type { App } from "../http/principal.ts";
import { GROUPS } from "../projections/index.ts";
import type { Asked, Reads } from "./report.ts";
import { formatOf } from "./table.ts";

type Dependencies = { reads: Exclude<Reads, "now">; converts: boolean };

/** How long a kept answer is held, in seconds: nobody asks for its ETag any more once it has changed. */
const KEPT_SECONDS = 3_600;
const TABLES = JSON.stringify(GROUPS.tables.projections.map(({ name }) => name));

/** How far all tables have come in the log. */
export const LEAST_CURSOR = sql`(SELECT min(ifnull(p.cursor, 0)) FROM json_each(${TABLES}) t
  LEFT JOIN projections p ON p.name = t.value)`;

const DAYS = {
  period: ({ from, to }) => sql`AND event_date BETWEEN ${from} AND ${to}`,
  until: ({ to }) => sql`AND event_date <= ${to}`,
  all: () => sql``,
} satisfies Record<Dependencies["reads"], (period: Asked<unknown>["period"]) => SQL>;

type Version = {
  seq: number | null;
  least: number;
  rates: number | null;
  names: number;
  reattributed: number | null;
};

/** Null while a projection has not come as far as the events in question. */
async function versionOf({ db, project, period }: Asked<unknown>, { reads, converts }: Dependencies) {
  const rates = converts ? sql`(SELECT max(loaded_at) FROM exchange_rates)` : sql`NULL`;
  const found = await db.get<Version>(sql`
    SELECT (SELECT max(seq) FROM changes WHERE project_id = ${project.project_id} ${DAYS[reads](period)}) AS seq,
      ${LEAST_CURSOR} AS least,
      ${rates} AS rates, (SELECT generation FROM renaming) AS names,
      (SELECT moves FROM reattributions WHERE project_id = ${project.project_id}) AS reattributed`);
  if (!found || found.least < (found.seq ?? 0)) return null;
  return `${found.seq ?? 0} ${found.rates ?? 0} ${found.names} ${found.reattributed ?? 0}`;
}

async function digest(parts: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 16).toHex();
}

/** The answer, or word that the asker has it already. */
export async function fresh<Answer extends Response>(
  c: Context<App>,
  asked: Asked<unknown>,
  dependencies: Dependencies,
  answer: () => Promise<Answer>,
): Promise<Answer> {
  const { project, principal, period, tags, now } = asked;
  const version = await versionOf(asked, dependencies);
  if (version === null) return answer();
  const { id: deployment } = c.env.VERSION;
  const question = [c.req.path, asked.query, period, formatOf(c), tags, principal.role, project, deployment];
  const key = await digest([question, version]);
  const headers = { etag: `"${key}"`, "cache-control": "private, no-cache", vary: "accept" };
  if (c.req.header("if-none-match")?.includes(headers.etag)) return c.body(null, 304, headers) as unknown as Answer;

  // What depends on all events changes with each of them, and it is among these that people are named.
  const closed = dependencies.reads !== "all" && period.to < localTime(project.timezone, now).date;
  const at = new Request(new URL(`/api/v1/kept/${key}`, c.req.url));
  const kept = closed ? await caches.default.match(at) : undefined;
  if (kept) {
    const again = new Response(kept.body, {
      headers: { "content-type": kept.headers.get("content-type") ?? "", ...headers },
    });
    return again as Answer;
  }

  const response = await answer();
  // A rebuild may have begun meanwhile, and this be half an answer.
  if ((await versionOf(asked, dependencies)) !== version) return response;
  if (closed) {
    const copy = new Response(response.clone().body, {
      headers: {
        "content-type": response.headers.get("content-type") ?? "",
        "cache-control": `max-age=${KEPT_SECONDS}`,
      },
    });
    c.executionCtx.waitUntil(caches.default.put(at, copy));
  }
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}
