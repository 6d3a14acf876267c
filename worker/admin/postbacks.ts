/** Targets of postbacks: made, changed, paused, tried, and what was sent to them. */

import { type SQL, sql } from "drizzle-orm";
import type { Context } from "hono";
import * as z from "zod";
import { wake } from "../duty.ts";
import { eventType, projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { withoutUndefined } from "../http/body.ts";
import { json } from "../http/operation.ts";
import { more, page, paged, pageParameters } from "../http/page.ts";
import type { App, Principal } from "../http/principal.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { CURRENCIES, formatMoney, parseMoney } from "../money.ts";
import { refusalOfTemplate } from "../postbacks/address.ts";
import { STATES, stateOf } from "../postbacks/ladder.ts";
import { type ToldEvent, wrongMacro } from "../postbacks/macros.ts";
import { TARGET_PRESET_NAMES, TARGET_PRESETS, wrongBlank } from "../postbacks/presets.ts";
import { requestOf, wrongBody } from "../postbacks/request.ts";
import { send } from "../postbacks/send.ts";
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
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { budgetOf } from "../store/budget.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { among } from "../store/sql.ts";
import { iso } from "../time.ts";
import { moment } from "./keys.ts";
import { route } from "./route.ts";

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

const targetFields = {
  id: text,
  project_id: text,
  name: text,
  event_types: z.array(z.string()),
  banner_tags: z.array(z.string()).nullable(),
  first_deposit: z.boolean(),
  min_amount: maybe,
  currency: maybe,
  test: z.boolean(),
  conversion_status: z
    .enum(TOLD_STATUSES)
    .nullable()
    .describe("It is told when a conversion comes to this; null: of events as they come."),
  method: z.enum(METHODS),
  url: text,
  body_type: z.enum(BODY_TYPES).nullable(),
  body: maybe,
  created_at: instant,
  state: z.enum(STATES).describe("`warning`: ten tries failed one after the other; after twenty it is paused."),
  failures: whole.describe("Tries that failed one after the other, up to now."),
  paused_at: instant.nullable(),
  paused_by: z.enum(["failures", "admin"]).nullable(),
};
const secret = text.describe("What requests are signed with; shown this once.");
const targetPreset = z
  .object({
    name: z.enum(TARGET_PRESET_NAMES),
    title: text,
    method: z.enum(METHODS),
    url: text.describe("A template of `url`; what stands in angle brackets is to be filled in."),
    docs: text.describe("Where the tracker documents its parameters."),
  })
  .meta({ id: "PostbackPreset" });
const postbackTarget = z.object(targetFields).meta({ id: "PostbackTarget" });
const shownTarget = z.object({ ...targetFields, secret }).meta({ id: "ShownPostbackTarget" });
const changedTarget = z
  .object({ ...targetFields, secret: secret.exactOptional() })
  .meta({ id: "ChangedPostbackTarget" });
const targetsView = z.object({ rows: z.array(postbackTarget), presets: z.array(targetPreset) });
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
const EXAMPLE = {
  project_id: "default",
  name: "A network",
  event_types: ["deposit"],
  url: "https://tracker.example.com/postback?click={click_id}&payout={amount}&currency={currency}",
};
export type TargetView = z.output<typeof postbackTarget>;
export type ShownTarget = z.output<typeof shownTarget>;
export type PresetView = z.output<typeof targetPreset>;
export type Tested = z.output<typeof testedTarget>;
export type TryView = z.output<typeof postbackTry>;
export type Resent = z.output<typeof resent>;

const view = ({ secret: _, min_amount, created_at, paused_at, ...target }: Target): TargetView => ({
  ...target,
  min_amount: min_amount === null ? null : formatMoney(min_amount),
  created_at: iso(created_at),
  state: stateOf({ failures: target.failures, paused_at }),
  paused_at: iso(paused_at),
});
const viewTry = ({ at, next_try_at, person: _, project_id: __, target_id: ___, ...row }: TryRow): TryView => ({
  ...row,
  at: iso(at),
  next_try_at: iso(next_try_at),
});

const newSecret = () => crypto.getRandomValues(new Uint8Array(24)).toHex();
async function ownTarget(db: Database, principal: Principal, id: string): Promise<Target> {
  const target = await findTarget(db, id);
  if (!target || !reaches(principal, target.project_id)) throw new Problem(404, `There is no postback target ${id}.`);
  return target;
}

const PRESETS = TARGET_PRESET_NAMES.map((name): PresetView => ({ name, ...TARGET_PRESETS[name] }));

/** The rules between fields, and those of templates. */
function check(c: Context<App>, target: TargetSettings): void {
  const errors: Complaint[] = [];
  const wrong = (field: string, rule: string | null) => {
    if (rule !== null) errors.push({ field, code: "invalid", message: `${field} ${rule}` });
  };
  const { min_amount, currency, first_deposit, event_types, method, body, body_type, test, conversion_status } = target;
  const rules = { local: c.env.LOCAL === "1" };
  const { host } = new URL(c.req.url);
  wrong("url", wrongMacro(target.url) ?? wrongBlank(target.url) ?? refusalOfTemplate(target.url, rules, host));
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

const administered = { tag: "Postbacks", role: "admin" } as const;

export const postbackRoutes = [
  route(
    {
      id: "listPostbacks",
      method: "get",
      path: "/postbacks",
      ...administered,
      summary: "List the targets of a project",
      description: "Who gets which events, and how each does; and URLs to begin with, for known trackers.",
      query: targetsQuery,
      answers: { 200: { description: "Never their secrets.", content: json(targetsView) } },
    },
    async ({ db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      return { rows: (await targetsOf(db, project_id)).map(view), presets: PRESETS };
    },
  ),
  route(
    {
      id: "createPostback",
      method: "post",
      path: "/postbacks",
      ...administered,
      summary: "Make a target",
      description:
        "It gets what happens from now on. `url` and `body` are templates: macros and rules are in docs/postbacks.md.",
      body: { schema: newTarget, examples: { Deposits: EXAMPLE } },
      answers: { 201: { description: "The target; its secret is shown this once.", content: json(shownTarget) } },
      problems: [409],
      audit: "postback.create",
    },
    async ({ c, readBody, projectFor, act, now }) => {
      const { project_id: named, min_amount, ...given } = await readBody();
      const { project_id } = await projectFor(named);
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
      const insert = sql`INSERT INTO postback_targets (id, project_id, secret, created_at, ${sql.raw(COLUMNS.join(", "))})
      SELECT ${target.id}, ${project_id}, ${target.secret},
        CASE WHEN (SELECT count(*) FROM postback_targets WHERE project_id = ${project_id} AND removed_at IS NULL) < ${MOST_TARGETS}
          THEN ${now} END, ${sql.join(
            COLUMNS.map((column) => sql`${stored(target[column])}`),
            sql`, `,
          )}`;
      const what = { project_id, subject: target.id, details: audited(pick(target)) };
      try {
        await act(what, [insert]);
      } catch (error) {
        if (!isGuarded(error, "postback_targets.created_at")) throw error;
        throw new Problem(409, `${project_id} has ${MOST_TARGETS} targets, which is the most.`);
      }
      return { ...view(target), secret: target.secret };
    },
  ),
  route(
    {
      id: "changePostback",
      method: "patch",
      path: "/postbacks/:id",
      ...administered,
      summary: "Change, pause or resume a target",
      description:
        "Only the fields that are given. While it is paused, its events wait, 30 days at most; `paused: false` has it sent. `new_secret: true` replaces the secret at once.",
      body: { schema: targetChanges, examples: { Pause: { paused: true }, Secret: { new_secret: true } } },
      answers: { 200: { description: "The target as it is now.", content: json(changedTarget) } },
      problems: [404],
      audit: "postback.change",
    },
    async ({ c, env, db, principal, params, readBody, act, now }) => {
      const { paused, new_secret, min_amount, ...given } = await readBody();
      const target = await ownTarget(db, principal, params.id);
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
      const details = {
        ...audited(changes),
        ...(paused !== undefined && { paused }),
        ...(new_secret && { new_secret }),
      };
      const what = { project_id: target.project_id, subject: target.id, details };
      if (set.length > 0)
        await act(what, [sql`UPDATE postback_targets SET ${sql.join(set, sql`, `)} WHERE id = ${target.id}`]);
      if (paused === false) await wake(env, [objectOf(target.id)]);
      const changed = view(await ownTarget(db, principal, target.id));
      return { ...changed, ...(secret !== null && { secret }) };
    },
  ),
  route(
    {
      id: "removePostback",
      method: "delete",
      path: "/postbacks/:id",
      ...administered,
      summary: "Remove a target",
      description: "Nothing is sent any more; its log goes, too.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "postback.remove",
    },
    async ({ db, principal, params, act, now }) => {
      const { id, project_id } = await ownTarget(db, principal, params.id);
      await act({ project_id, subject: id }, [
        sql`UPDATE postback_targets SET removed_at = ${now}, secret = '' WHERE id = ${id}`,
      ]);
    },
  ),
  route(
    {
      id: "testPostback",
      method: "post",
      path: "/postbacks/:id/test",
      ...administered,
      summary: "Send an example to a target",
      description:
        "At once, also where it is paused, with values that are nobody's. Waits for the answer, 10 seconds at most.",
      answers: { 200: { description: "What was sent, and what came back.", content: json(testedTarget) } },
      problems: [404],
      audit: "postback.test",
    },
    async ({ env, db, principal, params, act, now }) => {
      const target = await ownTarget(db, principal, params.id);
      const { id: target_id, project_id } = target;
      const event = example(target, now);
      const { request, shown } = await requestOf(target, event, now);
      const budget = budgetOf(env);
      const { ok, ...told } = await send((to, init) => budget.fetch(to, init), request, env.LOCAL === "1");
      const { event_id, event_type } = event;
      const about = { target_id, project_id, event_id, event_type, person: "", try: 0, at: now, next_try_at: null };
      await act({ project_id, subject: target_id }, [noteTries(target_id, [{ ...about, ...shown, ...told }])]);
      return { taken: ok, request: shown, ...told };
    },
  ),
  route(
    {
      id: "listPostbackTries",
      method: "get",
      path: "/postbacks/:id/log",
      ...administered,
      summary: "What was sent to a target, and what came back",
      description: "A row a try, kept for 30 days.",
      query: triesQuery,
      answers: { 200: { description: "The newest first.", content: json(paged(postbackTry)) } },
      problems: [404],
    },
    async ({ db, principal, params, query }) => {
      const { limit, cursor, event_id } = query;
      const { id } = await ownTarget(db, principal, params.id);
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
      const { id, project_id } = await ownTarget(db, principal, params.id);
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
      WHERE target_id = ${id} AND event_id ${among(ids)}`;
      const details = { ...choice, resent: ids.length };
      await act({ project_id, subject: id, details }, [again]);
      await wake(env, [objectOf(id)]);
      return { resent: ids.length, more: found.length > AT_ONCE };
    },
  ),
] as const;

const pick = (target: TargetSettings): TargetSettings =>
  Object.fromEntries(COLUMNS.map((column) => [column, target[column]])) as TargetSettings;
