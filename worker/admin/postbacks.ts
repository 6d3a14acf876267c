/** Targets of postbacks: made, changed, paused, tried, and what was sent to them. */
import { type SQL, sql } from "drizzle-orm";
import { type Context, Hono } from "hono";
import * as z from "zod";
import { wake } from "../duty.ts";
import { eventType, projectId } from "../event.ts";
import { atLeast, projectFor, reaches } from "../http/access.ts";
import { readBody, withoutUndefined } from "../http/body.ts";
import { page, pageParameters } from "../http/page.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { CURRENCIES, formatMoney, parseMoney } from "../money.ts";
import { refusalOfTemplate } from "../postbacks/address.ts";
import { stateOf, type TargetState } from "../postbacks/ladder.ts";
import { type ToldEvent, wrongMacro } from "../postbacks/macros.ts";
import { requestOf, type ShownRequest, wrongBody } from "../postbacks/request.ts";
import { type Outcome, send } from "../postbacks/send.ts";
import { objectOf } from "../postbacks/sending.ts";
import {
  BODY_TYPES,
  findTarget,
  METHODS,
  type Target,
  type TargetSettings,
  TOLD_STATUSES,
  targetsOf,
} from "../postbacks/target.ts";
import { noteTries, type TryRow } from "../postbacks/tries.ts";
import { type Database, openDatabase } from "../schema.ts";
import { budgetOf } from "../store/budget.ts";
import { act } from "./audit.ts";
import { moment } from "./keys.ts";

const MOST_TARGETS = 20;
const MOST_BODY = 8_000;
/** One request sends so many anew; asked again, it goes on. */
const AT_ONCE = 1_000;

const settings = {
  name: z.string().min(1, "must not be empty").max(200, "is too long"),
  event_types: z.array(eventType).min(1, "must name one type at least").max(20, "must be 20 at most"),
  banner_tags: z.array(z.string().min(1).max(128)).min(1, "must name one tag at least").max(100).nullable(),
  first_deposit: z.boolean("must be true or false"),
  min_amount: z
    .string("must be a decimal string")
    .refine((text) => parseMoney(text) !== null, "must be a decimal with at most 4 places")
    .nullable(),
  currency: z
    .string()
    .refine((code) => CURRENCIES.has(code), "must be an ISO 4217 code, such as EUR")
    .nullable(),
  test: z.boolean("must be true or false"),
  conversion_status: z.enum(TOLD_STATUSES, `must be one of ${TOLD_STATUSES.join(", ")}`).nullable(),
  method: z.enum(METHODS, `must be one of ${METHODS.join(", ")}`),
  url: z.string().min(1, "must not be empty"),
  body_type: z.enum(BODY_TYPES, `must be one of ${BODY_TYPES.join(", ")}`).nullable(),
  body: z.string().max(MOST_BODY, `must be ${MOST_BODY} characters at most`).nullable(),
};
const { name, event_types, url, ...optional } = settings;
export const newTarget = z.strictObject({
  project_id: projectId.optional(),
  name,
  event_types,
  url,
  ...z.strictObject(optional).partial().shape,
});
/** Which events a target gets cannot be changed: each of them is sent to it once. */
const { conversion_status: __, ...changeable } = settings;
export const targetChanges = z.strictObject({
  ...z.strictObject(changeable).partial().shape,
  paused: z.boolean("must be true or false").optional(),
  new_secret: z.literal(true, "can only be true").optional(),
});
export const targetsQuery = z.strictObject({ project_id: projectId.optional() });
const { project_id: _, ...paging } = pageParameters;
export const triesQuery = z.strictObject({ ...paging, event_id: z.string().optional() });
/** One event, or all that are dead and were made in a time. */
export const resending = z.union([
  z.strictObject({ event_id: z.string().min(1, "must not be empty") }),
  z.strictObject({ dead: z.literal(true, "can only be true"), from: moment.optional(), to: moment.optional() }),
]);

export type TargetView = Omit<Target, "secret" | "min_amount" | "created_at" | "paused_at" | "failures"> & {
  min_amount: string | null;
  created_at: string;
  state: TargetState;
  /** Tries that failed one after the other, up to now. */
  failures: number;
  paused_at: string | null;
};
export type ShownTarget = TargetView & { secret: string };
export type Tested = Omit<Outcome, "ok"> & { taken: boolean; request: ShownRequest };
export type TryView = Omit<TryRow, "at" | "next_try_at" | "person" | "project_id" | "target_id"> & {
  at: string;
  next_try_at: string | null;
};
export type Resent = { resent: number; more: boolean };

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());
const view = ({ secret: _, min_amount, created_at, paused_at, ...target }: Target): TargetView => ({
  ...target,
  min_amount: min_amount === null ? null : formatMoney(min_amount),
  created_at: iso(created_at) as string,
  state: stateOf({ failures: target.failures, paused_at }),
  paused_at: iso(paused_at),
});
const viewTry = ({ at, next_try_at, person: _, project_id: __, target_id: ___, ...row }: TryRow): TryView => ({
  ...row,
  at: iso(at) as string,
  next_try_at: iso(next_try_at),
});

const newSecret = () => crypto.getRandomValues(new Uint8Array(24)).toHex();
const administer = atLeast("admin");

async function ownTarget(db: Database, principal: Principal, id: string): Promise<Target> {
  const target = await findTarget(db, id);
  if (!target || !reaches(principal, target.project_id)) throw new Problem(404, `There is no postback target ${id}.`);
  return target;
}

/** The rules between fields, and those of templates. */
function check(c: Context<App>, target: TargetSettings): void {
  const errors: Complaint[] = [];
  const wrong = (field: string, rule: string | null) => {
    if (rule !== null) errors.push({ field, code: "invalid", message: `${field} ${rule}` });
  };
  const { min_amount, currency, first_deposit, event_types, method, body, body_type, test, conversion_status } = target;
  const rules = { local: c.env.LOCAL === "1" };
  wrong("url", wrongMacro(target.url) ?? refusalOfTemplate(target.url, rules, new URL(c.req.url).host));
  if ((min_amount === null) !== (currency === null))
    wrong(min_amount === null ? "min_amount" : "currency", "is required: a least amount is of a currency");
  if (first_deposit && event_types.some((type) => type !== "deposit"))
    wrong("event_types", "must be deposit alone where first_deposit is true");
  if (conversion_status !== null && test)
    wrong("conversion_status", "must be null where test is true: test events are no conversions");
  if ((body === null) !== (body_type === null))
    wrong(body === null ? "body" : "body_type", "is required: a body is a form or json");
  if (body !== null && method !== "POST") wrong("body", "must be null with GET: only POST has a body");
  wrong("body", wrongBody(target));
  if (errors.length > 0) throw new Problem(400, errors.map(({ message }) => message).join("; "), { errors });
}

const COLUMNS = [
  "name",
  "event_types",
  "banner_tags",
  "first_deposit",
  "min_amount",
  "currency",
  "test",
  "conversion_status",
  "method",
  "url",
  "body_type",
  "body",
] as const satisfies (keyof TargetSettings)[];

/** As the table has it. */
function stored(value: TargetSettings[keyof TargetSettings]): string | number | null {
  if (Array.isArray(value)) return JSON.stringify(value);
  return typeof value === "boolean" ? Number(value) : value;
}

/** What the audit log keeps: a template may hold somebody else's key. */
const audited = ({ url, body, ...rest }: Partial<TargetSettings>) => ({
  ...rest,
  ...(url !== undefined && { host: URL.parse(url.replace(/\{[^{}]*\}/g, "x"))?.host ?? null }),
  ...(body !== undefined && { body: body !== null }),
});

/** What a target is tried with: nobody's. */
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

const setIn = (given: Partial<TargetSettings>): SQL[] =>
  COLUMNS.flatMap((column) =>
    given[column] === undefined ? [] : [sql`${sql.raw(column)} = ${stored(given[column])}`],
  );

export const postbackRoutes = new Hono<App>()
  .use("/postbacks/*", administer)
  .use("/postbacks", administer)
  .get("/postbacks", parameters(targetsQuery), async (c) => {
    const { project_id } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, Date.now());
    return c.json({ rows: (await targetsOf(openDatabase(c.env.DB), project_id)).map(view) });
  })
  .post("/postbacks", async (c) => {
    const { project_id: named, min_amount, ...given } = await readBody(c, newTarget);
    const now = Date.now();
    const { project_id } = await projectFor(c.env, c.var.principal, named, now);
    const target: Target = {
      banner_tags: null,
      first_deposit: false,
      currency: null,
      test: false,
      conversion_status: null,
      method: "GET",
      body_type: null,
      body: null,
      ...withoutUndefined(given),
      name: given.name,
      event_types: given.event_types,
      url: given.url,
      min_amount: min_amount == null ? null : parseMoney(min_amount),
      id: crypto.randomUUID(),
      project_id,
      secret: newSecret(),
      created_at: now,
      failures: 0,
      paused_at: null,
      paused_by: null,
    };
    check(c, target);
    const db = openDatabase(c.env.DB);
    const insert = sql`INSERT INTO postback_targets (id, project_id, secret, created_at, ${sql.raw(COLUMNS.join(", "))})
      SELECT ${target.id}, ${project_id}, ${target.secret},
        CASE WHEN (SELECT count(*) FROM postback_targets WHERE project_id = ${project_id} AND removed_at IS NULL) < ${MOST_TARGETS}
          THEN ${now} END, ${sql.join(
            COLUMNS.map((column) => sql`${stored(target[column])}`),
            sql`, `,
          )}`;
    const what = { project_id, action: "postback.create", subject: target.id, details: audited(pick(target)) };
    try {
      await act(db, c.var.principal, now, what, [insert]);
    } catch (error) {
      if (!/NOT NULL constraint failed: postback_targets\.created_at/.test(String(error))) throw error;
      throw new Problem(409, `${project_id} has ${MOST_TARGETS} targets, which is the most.`);
    }
    return c.json({ ...view(target), secret: target.secret } satisfies ShownTarget, 201);
  })
  .patch("/postbacks/:id", async (c) => {
    const { paused, new_secret, min_amount, ...given } = await readBody(c, targetChanges);
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const target = await ownTarget(db, c.var.principal, c.req.param("id"));
    const changes: Partial<TargetSettings> = {
      ...withoutUndefined(given),
      ...(min_amount !== undefined && { min_amount: min_amount === null ? null : parseMoney(min_amount) }),
    };
    check(c, { ...target, ...changes });
    const secret = new_secret ? newSecret() : null;
    const set = [
      ...setIn(changes),
      ...(secret === null ? [] : [sql`secret = ${secret}`]),
      ...(paused === undefined
        ? []
        : paused
          ? [sql`paused_at = ifnull(paused_at, ${now}), paused_by = ifnull(paused_by, 'admin')`]
          : [sql`paused_at = NULL, paused_by = NULL, failures = 0`]),
    ];
    const details = { ...audited(changes), ...(paused !== undefined && { paused }), ...(new_secret && { new_secret }) };
    const what = { project_id: target.project_id, action: "postback.change", subject: target.id, details };
    if (set.length > 0)
      await act(db, c.var.principal, now, what, [
        sql`UPDATE postback_targets SET ${sql.join(set, sql`, `)} WHERE id = ${target.id}`,
      ]);
    if (paused === false) await wake(c.env, [objectOf(target.id)]);
    const changed = view(await ownTarget(db, c.var.principal, target.id));
    return c.json<TargetView & { secret?: string }>({ ...changed, ...(secret !== null && { secret }) });
  })
  .delete("/postbacks/:id", async (c) => {
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const { id, project_id } = await ownTarget(db, c.var.principal, c.req.param("id"));
    await act(db, c.var.principal, now, { project_id, action: "postback.remove", subject: id }, [
      sql`UPDATE postback_targets SET removed_at = ${now}, secret = '' WHERE id = ${id}`,
    ]);
    return c.body(null, 204);
  })
  .post("/postbacks/:id/test", async (c) => {
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const target = await ownTarget(db, c.var.principal, c.req.param("id"));
    const { id: target_id, project_id } = target;
    const event = example(target, now);
    const { request, shown } = await requestOf(target, event, now);
    const budget = budgetOf(c.env);
    const { ok, ...told } = await send((to, init) => budget.fetch(to, init), request, c.env.LOCAL === "1");
    const { event_id, event_type } = event;
    const about = { target_id, project_id, event_id, event_type, person: "", try: 0, at: now, next_try_at: null };
    await act(db, c.var.principal, now, { project_id, action: "postback.test", subject: target_id }, [
      noteTries(target_id, [{ ...about, ...shown, ...told }]),
    ]);
    return c.json({ taken: ok, request: shown, ...told } satisfies Tested);
  })
  .get("/postbacks/:id/log", parameters(triesQuery), async (c) => {
    const { limit, cursor, event_id } = c.req.valid("query");
    const db = openDatabase(c.env.DB);
    const { id } = await ownTarget(db, c.var.principal, c.req.param("id"));
    const rows = await db.all<TryRow>(sql`SELECT * FROM postback_tries WHERE target_id = ${id}
      AND n < ${cursor ?? Number.MAX_SAFE_INTEGER} ${event_id === undefined ? sql`` : sql`AND event_id = ${event_id}`}
      ORDER BY n DESC LIMIT ${limit + 1}`);
    return c.json(page(rows.map(viewTry), limit, (row) => row.n));
  })
  .post("/postbacks/:id/resend", async (c) => {
    const choice = await readBody(c, resending);
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const { id, project_id } = await ownTarget(db, c.var.principal, c.req.param("id"));
    const which =
      "event_id" in choice
        ? sql`event_id = ${choice.event_id}`
        : sql`status = 'dead' AND made_at >= ${choice.from ?? 0} AND made_at < ${choice.to ?? Number.MAX_SAFE_INTEGER}`;
    const found = await db.values<[string]>(
      sql`SELECT event_id FROM postbacks WHERE target_id = ${id} AND ${which} LIMIT ${AT_ONCE + 1}`,
    );
    if ("event_id" in choice && found.length === 0)
      throw new Problem(404, `This target was never to be told of the event ${choice.event_id}.`);
    const ids = found.slice(0, AT_ONCE).map(([event_id]) => event_id);
    const again = sql`UPDATE postbacks SET status = 'waiting', tries = 0, due_at = ${now}
      WHERE target_id = ${id} AND event_id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
    const details = { ...choice, resent: ids.length };
    await act(db, c.var.principal, now, { project_id, action: "postback.resend", subject: id, details }, [again]);
    await wake(c.env, [objectOf(id)]);
    return c.json({ resent: ids.length, more: found.length > AT_ONCE } satisfies Resent);
  });

const pick = (target: TargetSettings): TargetSettings =>
  Object.fromEntries(COLUMNS.map((column) => [column, target[column]])) as TargetSettings;
