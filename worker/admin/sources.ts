/** Sources of inbound postbacks: made, changed, paused, removed, and what of theirs waits. */
import { type SQL, sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { eventType, projectId } from "../event.ts";
import { atLeast, projectFor, reaches } from "../http/access.ts";
import { readBody, withoutUndefined } from "../http/body.ts";
import { sha256 } from "../http/keys.ts";
import { page, pageParameters } from "../http/page.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { PRESET_NAMES, PRESETS } from "../inbound/presets.ts";
import { type Reason, type Received, reasonOf, WAITS_MS, waitingOf } from "../inbound/received.ts";
import {
  addressOf,
  findSource,
  newSecrets,
  SECURED_BY,
  type Secrets,
  type Source,
  sourcesOf,
} from "../inbound/source.ts";
import { AMOUNTS, faultsOf, type Template } from "../inbound/template.ts";
import { formatMoney } from "../money.ts";
import { STATUSES, type Status } from "../payouts/month.ts";
import { type Database, openDatabase } from "../schema.ts";
import { SECRET_NAME } from "../secret-name.ts";
import { act } from "./audit.ts";

const MOST_SOURCES = 50;

const parameter = z
  .string("must be text")
  .min(1, "must not be empty")
  .max(128, "is too long")
  .refine((name) => !SECRET_NAME.test(name), "must not be the name of a secret, which is never kept");
const field = z.string().max(80, "is too long");
const meaning = z
  .strictObject({
    status: z.enum(STATUSES, `must be one of ${STATUSES.join(", ")}`).optional(),
    event_type: eventType.optional(),
  })
  .refine(
    ({ status, event_type }) => status !== undefined || event_type !== undefined,
    "must have a status or an event_type",
  );
const few = "must be 50 at most";
const atMost =
  <Value>(most: number) =>
  (record: Record<string, Value>) =>
    Object.keys(record).length <= most;
const parts = {
  fields: z
    .record(
      field,
      z.union([parameter, z.array(parameter).min(1, "must name one parameter at least").max(4, "must be 4 at most")]),
    )
    .refine(atMost(50), few),
  defaults: z
    .record(field, z.string("must be text").min(1, "must not be empty").max(255, "is too long"))
    .refine(atMost(50), few),
  statuses: z.record(z.string().min(1).max(100, "is too long"), meaning).refine(atMost(50), few),
  amounts: z.enum(AMOUNTS, `must be one of ${AMOUNTS.join(", ")}`),
};
const template = z.strictObject(parts).partial();
export const newSource = z.strictObject({
  project_id: projectId.optional(),
  name: z
    .string("must be text")
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be a slug: lower-case letters, digits, - and _, at most 63"),
  preset: z.enum(PRESET_NAMES, `must be one of ${PRESET_NAMES.join(", ")}`).optional(),
  template: template.optional(),
  secured_by: z.enum(SECURED_BY, `must be one of ${SECURED_BY.join(", ")}`).optional(),
});
export const sourceChanges = z.strictObject({
  template: template.optional(),
  paused: z.boolean("must be true or false").optional(),
  new_secret: z.literal(true, "can only be true").optional(),
});
export const sourcesQuery = z.strictObject({ project_id: projectId.optional() });
const { project_id: _, ...paging } = pageParameters;
export const waitingQuery = z.strictObject(paging);

export type SourceView = Pick<Source, "id" | "project_id" | "name" | "secured_by" | "template"> & {
  /** Without its token. */
  url: string;
  created_at: string;
  paused_at: string | null;
};
export type ShownSource = SourceView & Secrets;
export type WaitingView = Pick<Received, "n" | "event_type" | "event_id" | "transaction_id" | "click_id" | "status"> & {
  reason: Reason;
  amount: string | null;
  currency: string | null;
  received_at: string;
  /** Until when it is waited for; it is shown until 30 days after it came. */
  waits_until: string;
};

const iso = (at: number) => new Date(at).toISOString();
const view = (source: Source, origin: string): SourceView => ({
  id: source.id,
  project_id: source.project_id,
  name: source.name,
  secured_by: source.secured_by,
  template: source.template,
  url: `${origin}/postback/${addressOf(source)}`,
  created_at: iso(source.created_at),
  paused_at: source.paused_at === null ? null : iso(source.paused_at),
});
/** What a network is given to paste has the token in it. */
const shown = (source: Source, { token, signing_secret }: Secrets, origin: string): ShownSource => {
  const public_ = view(source, origin);
  return { ...public_, url: token === null ? public_.url : `${public_.url}/${token}`, token, signing_secret };
};
const viewWaiting = (row: Received): WaitingView => ({
  n: row.n,
  event_type: row.event_type,
  event_id: row.event_id,
  transaction_id: row.transaction_id,
  click_id: row.click_id,
  status: row.status as Status | null,
  reason: reasonOf(row),
  amount: row.event.amount === null ? null : formatMoney(row.event.amount),
  currency: row.event.currency,
  received_at: iso(row.received_at),
  waits_until: iso(row.received_at + WAITS_MS),
});

async function ownSource(db: Database, principal: Principal, id: string): Promise<Source> {
  const source = await findSource(db, id);
  if (!source || !reaches(principal, source.project_id))
    throw new Problem(404, `There is no source of postbacks ${id}.`);
  return source;
}

type Given = z.output<typeof template>;
const EMPTY: Template = { fields: {}, defaults: {}, statuses: {}, amounts: "point" };

/** What is given, over a preset: by field, default and status. */
function over(base: Template, { fields = {}, defaults = {}, statuses = {}, amounts = base.amounts }: Given): Template {
  return checked({
    fields: { ...base.fields, ...fields },
    defaults: { ...base.defaults, ...defaults },
    statuses: { ...base.statuses, ...statuses },
    amounts,
  });
}

function checked(given: Template): Template {
  const errors = faultsOf(given).map(({ field: where, message }) => ({
    field: where,
    code: "invalid",
    message: `${where} ${message}`,
  }));
  if (errors.length > 0) throw new Problem(400, errors.map(({ message }) => message).join("; "), { errors });
  return given;
}

const hashOf = async (token: string | null) => (token === null ? null : sha256(token));
const administer = atLeast("admin");
const originOf = (url: string) => new URL(url).origin;

export const sourceRoutes = new Hono<App>()
  .use("/sources/*", administer)
  .use("/sources", administer)
  .get("/sources", parameters(sourcesQuery), async (c) => {
    const { project_id } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, Date.now());
    const sources = await sourcesOf(openDatabase(c.env.DB), project_id);
    return c.json({ rows: sources.map((source) => view(source, originOf(c.req.url))), presets: PRESET_NAMES });
  })
  .post("/sources", async (c) => {
    const {
      project_id: named,
      name,
      preset,
      template: given = {},
      secured_by = "token",
    } = await readBody(c, newSource);
    const now = Date.now();
    const { project_id } = await projectFor(c.env, c.var.principal, named, now);
    const secrets = newSecrets(secured_by);
    const source: Source = {
      id: crypto.randomUUID(),
      project_id,
      name,
      secured_by,
      token_hash: await hashOf(secrets.token),
      signing_secret: secrets.signing_secret,
      template: over(preset === undefined ? EMPTY : PRESETS[preset], given),
      created_at: now,
      paused_at: null,
    };
    const db = openDatabase(c.env.DB);
    const insert = sql`INSERT INTO postback_sources (id, project_id, name, secured_by, token_hash, signing_secret, template, created_at)
      SELECT ${source.id}, ${project_id}, ${name}, ${secured_by}, ${source.token_hash}, ${source.signing_secret},
        ${JSON.stringify(source.template)},
        CASE WHEN (SELECT count(*) FROM postback_sources WHERE project_id = ${project_id}) < ${MOST_SOURCES} THEN ${now} END`;
    const details = { name, secured_by, ...(preset !== undefined && { preset }) };
    try {
      await act(db, c.var.principal, now, { project_id, action: "source.create", subject: source.id, details }, [
        insert,
      ]);
    } catch (error) {
      if (/UNIQUE constraint failed: postback_sources/.test(String(error)))
        throw new Problem(409, `${project_id} has a source ${name} already.`);
      if (/NOT NULL constraint failed: postback_sources\.created_at/.test(String(error)))
        throw new Problem(409, `${project_id} has ${MOST_SOURCES} sources, which is the most.`);
      throw error;
    }
    return c.json(shown(source, secrets, originOf(c.req.url)), 201);
  })
  .patch("/sources/:id", async (c) => {
    const { template: given, paused, new_secret } = await readBody(c, sourceChanges);
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const source = await ownSource(db, c.var.principal, c.req.param("id"));
    const secrets = new_secret ? newSecrets(source.secured_by) : null;
    const set: SQL[] = [
      ...(given === undefined
        ? []
        : [sql`template = ${JSON.stringify(checked({ ...source.template, ...withoutUndefined(given) }))}`]),
      ...(paused === undefined ? [] : [paused ? sql`paused_at = ifnull(paused_at, ${now})` : sql`paused_at = NULL`]),
      ...(secrets === null
        ? []
        : [sql`token_hash = ${await hashOf(secrets.token)}, signing_secret = ${secrets.signing_secret}`]),
    ];
    const details = {
      ...(given !== undefined && { template: given }),
      ...(paused !== undefined && { paused }),
      ...(new_secret && { new_secret }),
    };
    const what = { project_id: source.project_id, action: "source.change", subject: source.id, details };
    if (set.length > 0)
      await act(db, c.var.principal, now, what, [
        sql`UPDATE postback_sources SET ${sql.join(set, sql`, `)} WHERE id = ${source.id}`,
      ]);
    const changed = await ownSource(db, c.var.principal, source.id);
    const origin = originOf(c.req.url);
    return c.json<SourceView & Partial<Secrets>>(
      secrets === null ? view(changed, origin) : shown(changed, secrets, origin),
    );
  })
  .delete("/sources/:id", async (c) => {
    const db = openDatabase(c.env.DB);
    const { id, project_id, name } = await ownSource(db, c.var.principal, c.req.param("id"));
    const what = { project_id, action: "source.remove", subject: id, details: { name } };
    // What was sent is followed to its end: it was acknowledged, and the log will have it.
    await act(db, c.var.principal, Date.now(), what, [
      sql`DELETE FROM postback_sources WHERE id = ${id}`,
      sql`DELETE FROM received_postbacks WHERE project_id = ${project_id} AND source = ${name} AND sent_at IS NULL`,
    ]);
    return c.body(null, 204);
  })
  .get("/sources/:id/waiting", parameters(waitingQuery), async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const db = openDatabase(c.env.DB);
    const source = await ownSource(db, c.var.principal, c.req.param("id"));
    const rows = await waitingOf(db, source, cursor ?? Number.MAX_SAFE_INTEGER, limit + 1);
    return c.json(page(rows.map(viewWaiting), limit, (row) => row.n));
  });
