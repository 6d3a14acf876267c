/** Decisions about conversions: approved, rejected, refunded or charged back, one or many, with a reason. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { projectId } from "../event.ts";
import { atLeast, projectFor } from "../http/access.ts";
import { readBody } from "../http/body.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { ALWAYS } from "../payouts/compute.ts";
import { ACTIONS, type Action, DECISIONS, noteChanges } from "../payouts/decide.ts";
import { bringPayouts, wakePayouts } from "../payouts/keeping.ts";
import type { Status } from "../payouts/month.ts";
import { readConversions } from "../payouts/view.ts";
import { openDatabase } from "../schema.ts";
import { act } from "./audit.ts";

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

/** What became of each: its new status, or why it stays what it is. */
export type Decided = { event_id: string; status: Status | null; error: string | null };
export type DecidedAll = { decided: number; results: Decided[] };

async function decide(
  env: Env,
  principal: Principal,
  project_id: string,
  action: Action,
  event_ids: readonly string[],
  reason: string,
): Promise<Decided[]> {
  const db = openDatabase(env.DB);
  const now = Date.now();
  const { status, from } = DECISIONS[action];
  const ids = JSON.stringify([...new Set(event_ids)]);
  const look = () =>
    readConversions(db, now, sql`c.project_id = ${project_id} AND c.event_id IN (SELECT value FROM json_each(${ids}))`);
  let found = await look();
  // What has just come may not be computed yet.
  if (found.length < new Set(event_ids).size) {
    await bringPayouts(env, db, { project_id, ...ALWAYS }, now);
    found = await look();
  }
  const byId = new Map(found.map((row) => [row.event_id, row]));
  const results = [...new Set(event_ids)].map((event_id): Decided => {
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
  const changes = changed.map((id) => ({ seq: byId.get(id)?.seq as number, status, amount: null, currency: null }));
  const subject = changed.length === 1 ? (changed[0] as string) : String(changed.length);
  const details = { reason, event_ids: changed.slice(0, NOTED) };
  const what = { project_id, action: `conversion.${action}`, subject, details };
  try {
    const by = { at: now, actor: principal.key_id ?? "admin", reason };
    await act(db, principal, now, what, [noteChanges(project_id, changes, by)]);
  } catch (error) {
    if (!/UNIQUE constraint failed: conversion_changes/.test(String(error))) throw error;
    throw new Problem(409, "Others are deciding about these at this moment. Please try again.");
  }
  await wakePayouts(env);
  return results;
}

export const conversionRoutes = new Hono<App>()
  .post("/conversions/decisions", atLeast("admin"), async (c) => {
    const { project_id: named, decision, event_ids, reason } = await readBody(c, decisions);
    const { project_id } = await projectFor(c.env, c.var.principal, named, Date.now());
    const results = await decide(c.env, c.var.principal, project_id, decision, event_ids, reason);
    return c.json({ decided: results.filter(({ error }) => error === null).length, results } satisfies DecidedAll);
  })
  .post("/conversions/:event_id/:decision", atLeast("admin"), parameters(decisionQuery), async (c) => {
    const action = ACTIONS.find((one) => one === c.req.param("decision"));
    if (!action)
      throw new Problem(404, `There is no decision ${c.req.param("decision")}: ${ACTIONS.join(", ")} are known.`);
    const { reason } = await readBody(c, why);
    const { project_id } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, Date.now());
    const [one] = await decide(c.env, c.var.principal, project_id, action, [c.req.param("event_id")], reason);
    const { status, error } = one as Decided;
    if (error !== null) throw new Problem(status === null ? 404 : 409, error);
    return c.json(one as Decided);
  });
