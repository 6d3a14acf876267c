/** Sources of inbound postbacks: made, changed, paused, removed, and what of theirs waits. */

import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { eventType, projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { withoutUndefined } from "../http/body.ts";
import { sha256 } from "../http/keys.ts";
import { json } from "../http/operation.ts";
import { page, paged, pageParameters } from "../http/page.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { PRESET_NAMES, PRESETS } from "../inbound/presets.ts";
import { REASONS, type Received, reasonOf, WAITS_MS, waitingOf } from "../inbound/received.ts";
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
import { instant, maybe, text } from "../reports/answer.ts";
import { SECRET_NAME } from "../secret-name.ts";
import type { Database } from "../store/database.ts";
import { isGuarded, isTaken } from "../store/guard.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

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

const templateView = z
  .object({
    fields: z.record(z.string(), z.union([text, z.array(z.string())])),
    defaults: z.record(z.string(), z.string()),
    statuses: z.record(z.string(), z.object({ status: z.enum(STATUSES).optional(), event_type: text.optional() })),
    amounts: z.enum(AMOUNTS),
  })
  .meta({ id: "PostbackTemplate" });
const sourceFields = {
  id: text,
  project_id: text,
  name: text,
  secured_by: z.enum(SECURED_BY),
  template: templateView,
  url: text.describe("Where the network sends to; with the token only where that is shown."),
  created_at: instant,
  paused_at: instant.nullable(),
};
const shownSecrets = {
  token: maybe.describe("The last part of the path, or sent as `Authorization: Bearer`; shown this once."),
  signing_secret: maybe.describe("What `sig` is made with; shown this once."),
};
const sourceView = z.object(sourceFields).meta({ id: "PostbackSource" });
const shownSource = z.object({ ...sourceFields, ...shownSecrets }).meta({ id: "ShownPostbackSource" });
const changedSource = z
  .object({
    ...sourceFields,
    token: shownSecrets.token.exactOptional(),
    signing_secret: shownSecrets.signing_secret.exactOptional(),
  })
  .meta({ id: "ChangedPostbackSource" });
const sourcesView = z.object({ rows: z.array(sourceView), presets: z.array(z.enum(PRESET_NAMES)) });
const waitingView = z
  .object({
    n: z.int(),
    event_type: text,
    event_id: text,
    transaction_id: maybe,
    click_id: maybe,
    status: z.enum(STATUSES).nullable(),
    reason: z.enum(REASONS),
    amount: maybe,
    currency: maybe,
    received_at: instant,
    waits_until: instant.describe("Until when it is waited for; then it is shown until 30 days after it came."),
  })
  .meta({ id: "WaitingPostback" });
const NETWORK = {
  project_id: "default",
  name: "network",
  preset: "generic",
  template: { defaults: { currency: "EUR" }, statuses: { confirmed: { status: "approved" } } },
} as const;
export type SourceView = z.output<typeof sourceView>;
export type ShownSource = z.output<typeof shownSource>;
export type WaitingView = z.output<typeof waitingView>;

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
/** A source as it is shown when it is made, with its secrets: the address for the network contains the token. */
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

/** A preset with the fields, defaults and statuses of a request in place of its own. */
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
const originOf = (url: string) => new URL(url).origin;

const administered = { tag: "Postbacks", role: "admin" } as const;

export const sourceRoutes = [
  route(
    {
      id: "listSources",
      method: "get",
      path: "/sources",
      ...administered,
      summary: "List the sources of a project's inbound postbacks",
      description: "Who may tell of conversions, by which names; and the presets that there are.",
      query: sourcesQuery,
      answers: { 200: { description: "Never their secrets.", content: json(sourcesView) } },
    },
    async ({ c, db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      const sources = await sourcesOf(db, project_id);
      return { rows: sources.map((source) => view(source, originOf(c.req.url))), presets: PRESET_NAMES };
    },
  ),
  route(
    {
      id: "createSource",
      method: "post",
      path: "/sources",
      ...administered,
      summary: "Make a source",
      description:
        "`template` is laid over the preset. Fields, statuses and forms of amounts are in docs/postbacks.md.",
      body: { schema: newSource, examples: { Network: NETWORK } },
      answers: { 201: { description: "The source; its secrets are shown this once.", content: json(shownSource) } },
      problems: [409],
      audit: "source.create",
    },
    async ({ c, readBody, projectFor, act, now }) => {
      const { project_id: named, name, preset, template: given = {}, secured_by = "token" } = await readBody();
      const { project_id } = await projectFor(named);
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
      const insert = sql`INSERT INTO postback_sources (id, project_id, name, secured_by, token_hash, signing_secret, template, created_at)
      SELECT ${source.id}, ${project_id}, ${name}, ${secured_by}, ${source.token_hash}, ${source.signing_secret},
        ${JSON.stringify(source.template)},
        CASE WHEN (SELECT count(*) FROM postback_sources WHERE project_id = ${project_id}) < ${MOST_SOURCES} THEN ${now} END`;
      const details = { name, secured_by, ...(preset !== undefined && { preset }) };
      try {
        await act({ project_id, subject: source.id, details }, [insert]);
      } catch (error) {
        if (isTaken(error, "postback_sources")) throw new Problem(409, `${project_id} has a source ${name} already.`);
        if (isGuarded(error, "postback_sources.created_at"))
          throw new Problem(409, `${project_id} has ${MOST_SOURCES} sources, which is the most.`);
        throw error;
      }
      return shown(source, secrets, originOf(c.req.url));
    },
  ),
  route(
    {
      id: "changeSource",
      method: "patch",
      path: "/sources/:id",
      on: { row: "postback_sources" },
      ...administered,
      summary: "Change, pause or resume a source",
      description:
        "Of the template the parts that are given, each whole. While it is paused, postbacks are refused. `new_secret: true` replaces its secrets at once.",
      body: { schema: sourceChanges, examples: { Pause: { paused: true }, Secret: { new_secret: true } } },
      answers: { 200: { description: "The source as it is now.", content: json(changedSource) } },
      problems: [404],
      audit: "source.change",
    },
    async ({ c, db, principal, params, readBody, act, now }) => {
      const { template: given, paused, new_secret } = await readBody();
      const source = await ownSource(db, principal, params.id);
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
      const what = { project_id: source.project_id, subject: source.id, details };
      if (set.length > 0)
        await act(what, [sql`UPDATE postback_sources SET ${sql.join(set, sql`, `)} WHERE id = ${source.id}`]);
      const changed = await ownSource(db, principal, source.id);
      const origin = originOf(c.req.url);
      return secrets === null ? view(changed, origin) : shown(changed, secrets, origin);
    },
  ),
  route(
    {
      id: "removeSource",
      method: "delete",
      path: "/sources/:id",
      on: { row: "postback_sources" },
      ...administered,
      summary: "Remove a source",
      description: "Its postbacks are refused from now on, and those that wait for a click go.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "source.remove",
    },
    async ({ db, principal, params, act }) => {
      const { id, project_id, name } = await ownSource(db, principal, params.id);
      const what = { project_id, subject: id, details: { name } };
      // Postbacks whose event was sent to the queue are still settled: the log will have the event.
      await act(what, [
        sql`DELETE FROM postback_sources WHERE id = ${id}`,
        sql`DELETE FROM received_postbacks WHERE project_id = ${project_id} AND source = ${name} AND sent_at IS NULL`,
      ]);
    },
  ),
  route(
    {
      id: "listWaitingPostbacks",
      method: "get",
      path: "/sources/:id/waiting",
      on: { row: "postback_sources" },
      ...administered,
      summary: "Postbacks of a source that wait, with the reason",
      description: "For a click, or for the transaction that they decide about: 7 days, and shown for 30.",
      query: waitingQuery,
      answers: { 200: { description: "The newest first.", content: json(paged(waitingView)) } },
      problems: [404],
    },
    async ({ db, principal, params, query }) => {
      const { limit, cursor } = query;
      const source = await ownSource(db, principal, params.id);
      const rows = await waitingOf(db, source, cursor ?? Number.MAX_SAFE_INTEGER, limit + 1);
      return page(rows.map(viewWaiting), limit, (row) => row.n);
    },
  ),
] as const;
