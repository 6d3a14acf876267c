/** Decisions about conversions: approved, rejected, refunded or charged back, one or many, with a reason. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { projectId } from "../event.ts";
import { json } from "../http/operation.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { ALWAYS } from "../payouts/compute.ts";
import { ACTIONS, type Action, DECISIONS, noteChanges } from "../payouts/decide.ts";
import { bringPayouts, wakePayouts } from "../payouts/keeping.ts";
import { STATUSES } from "../payouts/month.ts";
import { type ConversionRow, readConversions } from "../payouts/view.ts";
import { maybe, text, whole } from "../reports/answer.ts";
import { databaseOf } from "../store/database.ts";
import { isTaken } from "../store/guard.ts";
import { among } from "../store/sql.ts";
import { act } from "./audit.ts";
import { route } from "./route.ts";

const AT_ONCE = 500;
/** Ids that the audit log keeps of one decision. */
const NOTED = 20;

const reason = z.string("must be text").trim().min(1, "must say why").max(500, "must be 500 characters at most");
export const why = z.strictObject({ reason });
export const decisionQuery = z.strictObject({ project_id: projectId.optional() });
export const decisions = z.strictObject({
  project_id: projectId.optional(),
  decision: z.enum(ACTIONS, `must be one of ${ACTIONS.join(", ")}`),
  event_ids: z
    .array(z.string().min(1, "must not be empty").max(64, "is too long"))
    .min(1, "must name one event at least")
    .max(AT_ONCE, `must be ${AT_ONCE} at most`),
  reason,
});

const decided = z
  .object({
    event_id: text,
    status: z.enum(STATUSES).nullable().describe("As it is now; null where there is no such conversion."),
    error: maybe.describe("Why it stays what it was; null where it was decided."),
  })
  .meta({ id: "Decided" });
const decidedAll = z.object({ decided: whole, results: z.array(decided) }).meta({ id: "DecidedAll" });
export type Decided = z.output<typeof decided>;
export type DecidedAll = z.output<typeof decidedAll>;

async function decide(
  env: Env,
  principal: Principal,
  project_id: string,
  action: Action,
  event_ids: readonly string[],
  reason: string,
): Promise<Decided[]> {
  const db = databaseOf(env);
  const now = Date.now();
  const { status, from } = DECISIONS[action];
  const ids = [...new Set(event_ids)];
  const look = () => readConversions(db, now, sql`c.project_id = ${project_id} AND c.event_id ${among(ids)}`);
  let found = await look();
  // A conversion that has just arrived may not be computed yet.
  if (found.length < ids.length) {
    await bringPayouts(env, db, { project_id, ...ALWAYS }, now);
    found = await look();
  }
  const byId = new Map(found.map((row) => [row.event_id, row]));
  const results = ids.map((event_id): Decided => {
    const row = byId.get(event_id);
    if (!row) return { event_id, status: null, error: `No payout rule of ${project_id} judges an event ${event_id}.` };
    if (from.some((one) => one === row.status)) return { event_id, status, error: null };
    return {
      event_id,
      status: row.status,
      error: `It is ${row.status}: ${action} is for what is ${from.join(" or ")}.`,
    };
  });
  const changed = results.filter(({ error }) => error === null).map(({ event_id }) => event_id);
  if (changed.length === 0) return results;
  const changes = changed.map((id) => {
    const { seq, changes: after } = byId.get(id) as ConversionRow;
    return { seq, status, amount: null, currency: null, after };
  });
  const subject = changed.length === 1 ? (changed[0] as string) : String(changed.length);
  const details = { reason, event_ids: changed.slice(0, NOTED) };
  const what = { project_id, action: `conversion.${action}`, subject, details };
  try {
    const by = { at: now, actor: principal.key_id ?? "admin", reason };
    await act(db, principal, now, what, [noteChanges(project_id, changes, by)]);
  } catch (error) {
    if (!isTaken(error, "conversion_changes")) throw error;
    throw new Problem(409, "Others are deciding about these at this moment. Please try again.");
  }
  await wakePayouts(env);
  return results;
}

const administered = { tag: "Payouts", role: "admin" } as const;

export const conversionRoutes = [
  route(
    {
      id: "decideConversions",
      method: "post",
      path: "/conversions/decisions",
      ...administered,
      summary: "Decide about up to 500 conversions at once",
      description: "Each as by itself: one that cannot be decided so holds up no other.",
      body: {
        schema: decisions,
        examples: { Several: { decision: "approve", event_ids: ["order-1"], reason: "Checked by hand" } },
      },
      answers: { 200: { description: "What became of each.", content: json(decidedAll) } },
      problems: [409],
    },
    async ({ env, principal, readBody, projectFor }) => {
      const { project_id: named, decision, event_ids, reason } = await readBody();
      const { project_id } = await projectFor(named);
      const results = await decide(env, principal, project_id, decision, event_ids, reason);
      return { decided: results.filter(({ error }) => error === null).length, results };
    },
  ),
  route(
    {
      id: "decideConversion",
      method: "post",
      path: "/conversions/:event_id/:decision",
      ...administered,
      summary: "Approve, reject, refund or charge back a conversion",
      description:
        "`approve` what is pending or rejected, `reject` what is pending or approved, `refund` what is approved, `charge-back` " +
        "what is approved or refunded. The reason is kept with it.",
      query: decisionQuery,
      body: { schema: why, examples: { Reason: { reason: "Checked by hand" } } },
      answers: { 200: { description: "What it is now.", content: json(decided) } },
      problems: [404, 409],
    },
    async ({ env, principal, params, query, readBody, projectFor }) => {
      const action = ACTIONS.find((one) => one === params.decision);
      if (!action) throw new Problem(404, `There is no decision ${params.decision}: ${ACTIONS.join(", ")} are known.`);
      const { reason } = await readBody();
      const { project_id } = await projectFor(query.project_id);
      const [one] = await decide(env, principal, project_id, action, [params.event_id], reason);
      const { status, error } = one as Decided;
      if (error !== null) throw new Problem(status === null ? 404 : 409, error);
      return one as Decided;
    },
  ),
] as const;
