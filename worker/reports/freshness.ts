/**
 * How fresh an answer is, and when it is still the same. Before a report reads the tables, they are brought up to date. Its
 * answer is a function of the log's events that it depends on, of the project's settings, of which of its people have its
 * attribution window, of which events were judged again by its bot rules, of the exchange rates and of people's names; `changes` tells the last event of each day. Its ETag is
 * made of these: who has the answer already gets 304, and a kept answer about days that are over is never stale.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "hono";
import { localTime } from "../calendar.ts";
import type { App } from "../http/principal.ts";
import { catchUp, type GatheringGroup, type Lag, lagOf, type Place, placeOf } from "../projections/catch-up.ts";
import type { Asked, Reads } from "./report.ts";
import { formatOf } from "./table.ts";

type Dependencies = { reads: Exclude<Reads, "now">; converts: boolean };

/** How long an answer is kept, in seconds. Once its ETag has changed, nobody asks for it any more. */
const KEPT_SECONDS = 3_600;

const DAYS = {
  period: ({ from, to }) => sql`AND event_date BETWEEN ${from} AND ${to}`,
  until: ({ to }) => sql`AND event_date <= ${to}`,
  all: () => sql``,
} satisfies Record<Dependencies["reads"], (period: Asked<unknown>["period"]) => SQL>;

type Version = Place & {
  seq: number | null;
  rates: number | null;
  names: number;
  reattributed: number | null;
  reviewed: number | null;
};

/** What an answer depends on, except the tags that the reader may see. */
type Question = Pick<Asked<unknown>, "env" | "db" | "project" | "period" | "now"> & {
  /**
   * What it is read from. Only the tables say which days an event changes: where the figures have later events than the
   * tables, any day may have changed.
   */
  from: GatheringGroup;
};

/** What people are attributed by, of each group. */
const MOVES = { tables: "reattributions", figures: "recounts" } as const satisfies Record<GatheringGroup, string>;

/** Null: it depends on the moment only. */
async function look({ db, project, period, from }: Question, dependencies: Dependencies | null): Promise<Version> {
  const changed = dependencies
    ? sql`(SELECT max(seq) FROM changes WHERE project_id = ${project.project_id} ${DAYS[dependencies.reads](period)})`
    : sql`NULL`;
  const changes =
    from === "figures"
      ? sql`CASE WHEN (SELECT cursor FROM projections WHERE name = 'changes') < place.least THEN place.least ELSE ${changed} END`
      : changed;
  const rates = dependencies?.converts ? sql`(SELECT max(loaded_at) FROM exchange_rates)` : sql`NULL`;
  return db.get<Version>(sql`WITH ${placeOf(from)} SELECT place.*, ${changes} AS seq, ${rates} AS rates,
      (SELECT generation FROM renaming) AS names,
      (SELECT moves FROM ${sql.raw(MOVES[from])} WHERE project_id = ${project.project_id}) AS reattributed,
      (SELECT moves FROM bot_reviews WHERE project_id = ${project.project_id}) AS reviewed FROM place`);
}

/** Null while a projection has not read the events that this answer depends on. */
function versionOf({ seq, least, rates, names, reattributed, reviewed }: Version): string | null {
  if (least < (seq ?? 0)) return null;
  return `${seq ?? 0} ${rates ?? 0} ${names} ${reattributed ?? 0} ${reviewed ?? 0}`;
}

/** The version of the answer, or null where it is not known; and how many events the tables lack. */
export type Standing = { version: string | null; lag: Lag | null };

/** Brings the tables forward, where they are not fresh enough for this question. */
export async function standingOf(question: Question, dependencies: Dependencies | null): Promise<Standing> {
  let found = await look(question, dependencies);
  if (await catchUp(question.env, question.from, found, question.now)) found = await look(question, dependencies);
  const lag = lagOf(question.from, found, question.now);
  return { version: dependencies === null || lag !== null ? null : versionOf(found), lag };
}

/** Says of an answer from older figures what it lacks. */
export function tellLag<Answer extends Response>(response: Answer, { lag }: Standing): Answer {
  if (lag === null) return response;
  response.headers.set("x-lag-events", String(lag.events));
  response.headers.set("x-lag-seconds", String(lag.seconds));
  return response;
}

async function digest(parts: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 16).toHex();
}

/** The answer, or 304 where the client has it already. `version` is the version of the answer. */
export async function fresh<Answer extends Response>(
  c: Context<App>,
  asked: Asked<unknown> & Pick<Question, "from">,
  dependencies: Dependencies,
  version: string | null,
  answer: () => Promise<Answer>,
): Promise<Answer> {
  const { project, principal, period, tags, days, now } = asked;
  if (version === null) return answer();
  const { id: deployment } = c.env.VERSION;
  const question = [
    c.req.path,
    asked.query,
    period,
    formatOf(c),
    tags,
    days,
    principal.role,
    principal.hide_amounts,
    project,
    deployment,
  ];
  const key = await digest([question, version]);
  const headers = { etag: `"${key}"`, "cache-control": "private, no-cache", vary: "accept" };
  if (c.req.header("if-none-match")?.includes(headers.etag)) return c.body(null, 304, headers) as unknown as Answer;

  // A report about all events changes with each event, and only such reports name people.
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
  // A rebuild may have begun meanwhile, so the answer may be incomplete.
  if (versionOf(await look(asked, dependencies)) !== version) return response;
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
