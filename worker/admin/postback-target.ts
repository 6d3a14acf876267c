/** A target of postbacks as administrators write it and see it, and its columns in the table. */

import { type SQL, sql } from "drizzle-orm";
import type { Context } from "hono";
import * as z from "zod";
import { eventType, projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import type { App, Principal } from "../http/principal.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { CURRENCIES, formatMoney, parseMoney } from "../money.ts";
import { refusalOfTemplate } from "../postbacks/address.ts";
import { STATES, stateOf } from "../postbacks/ladder.ts";
import { wrongMacro } from "../postbacks/macros.ts";
import { wrongBlank } from "../postbacks/presets.ts";
import { wrongBody } from "../postbacks/request.ts";
import {
  BODY_TYPES,
  findTarget,
  METHODS,
  type Target,
  type TargetSettings,
  TOLD_STATUSES,
} from "../postbacks/target.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { iso } from "../time.ts";

const MOST_BODY = 8_000;

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
    .describe("It is sent a conversion when that gets this status; null: it is sent events as they arrive."),
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
export const postbackTarget = z.object(targetFields).meta({ id: "PostbackTarget" });
export const shownTarget = z.object({ ...targetFields, secret }).meta({ id: "ShownPostbackTarget" });
export const changedTarget = z
  .object({ ...targetFields, secret: secret.exactOptional() })
  .meta({ id: "ChangedPostbackTarget" });
export type TargetView = z.output<typeof postbackTarget>;
export type ShownTarget = z.output<typeof shownTarget>;

export const viewTarget = ({ secret: _, min_amount, created_at, paused_at, ...target }: Target): TargetView => ({
  ...target,
  min_amount: min_amount === null ? null : formatMoney(min_amount),
  created_at: iso(created_at),
  state: stateOf({ failures: target.failures, paused_at }),
  paused_at: iso(paused_at),
});

export async function targetOf(db: Database, principal: Principal, id: string): Promise<Target> {
  const target = await findTarget(db, id);
  if (!target || !reaches(principal, target.project_id)) throw new Problem(404, `There is no postback target ${id}.`);
  return target;
}

/** The rules between fields, and those of templates. */
export function check(c: Context<App>, target: TargetSettings): void {
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

export const COLUMNS = [
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

/** A setting in the form of the table's column. */
export function stored(value: TargetSettings[keyof TargetSettings]): string | number | null {
  if (Array.isArray(value)) return JSON.stringify(value);
  return typeof value === "boolean" ? Number(value) : value;
}

/** For the audit log: templates may contain a key of another service, so it has only the host, and whether there is a body. */
export const audited = ({ url, body, ...rest }: Partial<TargetSettings>) => ({
  ...rest,
  ...(url !== undefined && { host: URL.parse(url.replace(/\{[^{}]*\}/g, "x"))?.host ?? null }),
  ...(body !== undefined && { body: body !== null }),
});

export const setIn = (given: Partial<TargetSettings>): SQL[] =>
  COLUMNS.flatMap((column) =>
    given[column] === undefined ? [] : [sql`${sql.raw(column)} = ${stored(given[column])}`],
  );

export const settingsOf = (target: TargetSettings): TargetSettings =>
  Object.fromEntries(COLUMNS.map((column) => [column, target[column]])) as TargetSettings;
