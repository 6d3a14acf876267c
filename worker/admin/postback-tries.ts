/** The tries of a target of postbacks: sending an example, the log of tries, and sending postbacks again. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { wake } from "../duties/duty.ts";
import { json } from "../http/operation.ts";
import { more, page, paged, pageParameters } from "../http/page.ts";
import { Problem } from "../http/problem.ts";
import type { ToldEvent } from "../postbacks/macros.ts";
import { requestOf } from "../postbacks/request.ts";
import { send } from "../postbacks/send.ts";
import { targetSenders } from "../postbacks/sending.ts";
import { METHODS, type Target } from "../postbacks/target.ts";
import { noteTries, type TryRow } from "../postbacks/tries.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { budgetOf } from "../store/budget.ts";
import { among } from "../store/sql.ts";
import { iso } from "../time.ts";
import { moment } from "./keys.ts";
import { targetOf } from "./postback-target.ts";
import { route } from "./route.ts";

/** How many postbacks one request sends again; a further request sends the next ones. */
const AT_ONCE = 1_000;

const { project_id: _, ...paging } = pageParameters;
export const triesQuery = z.strictObject({ ...paging, event_id: z.string().optional() });
/** One event, or all that are dead and were made in a time. */
export const resending = z.union([
  z.strictObject({ event_id: z.string().min(1, "must not be empty") }),
  z.strictObject({ dead: z.literal(true, "can only be true"), from: moment.optional(), to: moment.optional() }),
]);

const sentRequest = { method: z.enum(METHODS), url: text, body: maybe };
const cameBack = {
  status: z.int().nullable().describe("Of the answer; null where none came."),
  took_ms: whole,
  response: text.describe("How its body begins, 500 characters at most."),
  error: maybe.describe("Why it does not count as delivered."),
};
const testedTarget = z
  .object({ taken: z.boolean(), request: z.object(sentRequest), ...cameBack })
  .meta({ id: "TestedPostback" });
const postbackTry = z
  .object({
    n: z.int(),
    event_id: text,
    event_type: text,
    try: whole.describe("Which one of the event; 0 is an example."),
    at: instant,
    ...sentRequest,
    ...cameBack,
    next_try_at: instant.nullable(),
  })
  .meta({ id: "PostbackTry" });
const resent = z.object({ resent: whole, more }).meta({ id: "Resent" });
export type Tested = z.output<typeof testedTarget>;
export type TryView = z.output<typeof postbackTry>;
export type Resent = z.output<typeof resent>;

const viewTry = ({ at, next_try_at, person: _, project_id: __, target_id: ___, ...row }: TryRow): TryView => ({
  ...row,
  at: iso(at),
  next_try_at: iso(next_try_at),
});

/** The event of an example; no person did it. */
const example = (
  { event_types, currency, min_amount, banner_tags, conversion_status }: Target,
  now: number,
): ToldEvent => {
  const [event_type = "visit"] = event_types;
  return {
    event_id: `example-${now}`,
    event_type,
    player_id: "example-player",
    visitor_id: "example-visitor",
    banner_tag: banner_tags?.[0] ?? "example-tag",
    click_id: "example-click",
    transaction_id: "example-transaction",
    amount: min_amount ?? 250_000,
    currency: currency ?? "EUR",
    payout: 350_000,
    payout_currency: currency ?? "EUR",
    conversion_status,
    timestamp: now,
    data: JSON.stringify({ s1: "example-s1", s2: "example-s2" }),
  };
};

const administered = { tag: "Postbacks", role: "admin" } as const;

export const postbackTryRoutes = [
  route(
    {
      id: "testPostback",
      method: "post",
      path: "/postbacks/:id/test",
      on: { row: "postback_targets" },
      ...administered,
      summary: "Send an example to a target",
      description:
        "At once, also where it is paused, with values that are nobody's. Waits for the answer, 10 seconds at most.",
      answers: { 200: { description: "What was sent, and what came back.", content: json(testedTarget) } },
      problems: [404],
      audit: "postback.test",
    },
    async ({ env, db, principal, params, act, now }) => {
      const target = await targetOf(db, principal, params.id);
      const { id: target_id, project_id } = target;
      const event = example(target, now);
      const { request, shown } = await requestOf(target, event, now);
      const budget = budgetOf(env);
      const { ok, ...answered } = await send((to, init) => budget.fetch(to, init), request, env.LOCAL === "1");
      const { event_id, event_type } = event;
      const about = { target_id, project_id, event_id, event_type, person: "", try: 0, at: now, next_try_at: null };
      await act({ project_id, subject: target_id }, [noteTries(target_id, [{ ...about, ...shown, ...answered }])]);
      return { taken: ok, request: shown, ...answered };
    },
  ),
  route(
    {
      id: "listPostbackTries",
      method: "get",
      path: "/postbacks/:id/log",
      on: { row: "postback_targets" },
      ...administered,
      summary: "What was sent to a target, and what came back",
      description: "A row a try, kept for 30 days.",
      query: triesQuery,
      answers: { 200: { description: "The newest first.", content: json(paged(postbackTry)) } },
      problems: [404],
    },
    async ({ db, principal, params, query }) => {
      const { limit, cursor, event_id } = query;
      const { id } = await targetOf(db, principal, params.id);
      const rows = await db.all<TryRow>(sql`SELECT * FROM postback_tries WHERE target_id = ${id}
      AND n < ${cursor ?? Number.MAX_SAFE_INTEGER} ${event_id === undefined ? sql`` : sql`AND event_id = ${event_id}`}
      ORDER BY n DESC LIMIT ${limit + 1}`);
      return page(rows.map(viewTry), limit, (row) => row.n);
    },
  ),
  route(
    {
      id: "resendPostbacks",
      method: "post",
      path: "/postbacks/:id/resend",
      on: { row: "postback_targets" },
      ...administered,
      summary: "Send again",
      description:
        "One event, whatever became of it, or all that were given up, by when they were made. Each is tried as if it were new.",
      body: { schema: resending, examples: { Dead: { dead: true }, Event: { event_id: "order-1" } } },
      answers: { 200: { description: "How many are sent.", content: json(resent) } },
      problems: [404],
      audit: "postback.resend",
    },
    async ({ env, db, principal, params, readBody, act, now }) => {
      const choice = await readBody();
      const { id, project_id } = await targetOf(db, principal, params.id);
      const isChosen =
        "event_id" in choice
          ? sql`event_id = ${choice.event_id}`
          : sql`status = 'dead' AND made_at >= ${choice.from ?? 0} AND made_at < ${choice.to ?? Number.MAX_SAFE_INTEGER}`;
      const found = await db.values<[string]>(
        sql`SELECT event_id FROM postbacks WHERE target_id = ${id} AND ${isChosen} LIMIT ${AT_ONCE + 1}`,
      );
      if ("event_id" in choice && found.length === 0)
        throw new Problem(404, `This target was never to be sent the event ${choice.event_id}.`);
      const ids = found.slice(0, AT_ONCE).map(([event_id]) => event_id);
      const again = sql`UPDATE postbacks SET status = 'waiting', tries = 0, due_at = ${now}
      WHERE target_id = ${id} AND event_id ${among(ids)}`;
      const details = { ...choice, resent: ids.length };
      await act({ project_id, subject: id, details }, [again]);
      await wake(env, [targetSenders.nameOf(id)]);
      return { resent: ids.length, more: found.length > AT_ONCE };
    },
  ),
] as const;
