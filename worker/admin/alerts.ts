/** Alerts: made, changed, paused, tried, and what they found. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { type Alert, type AlertSettings, type AlertState, alertsOf, findAlert, stateOf } from "../alerts/alert.ts";
import { condition, wrongCondition } from "../alerts/condition.ts";
import { tried } from "../alerts/incident.ts";
import { judge } from "../alerts/judge.ts";
import { type ChannelKind, channelsOf } from "../channels/channel.ts";
import type { NoticeKind } from "../channels/message.ts";
import { tell } from "../channels/sending.ts";
import { projectId } from "../event.ts";
import { atLeast, projectFor, reaches } from "../http/access.ts";
import { readBody, withoutUndefined } from "../http/body.ts";
import { page, pageParameters } from "../http/page.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { usableSegment } from "../http/saved-segment.ts";
import type { Outcome } from "../postbacks/send.ts";
import { findProject } from "../project.ts";
import { type Database, openDatabase } from "../schema.ts";
import { act } from "./audit.ts";

export const MOST_ALERTS = 50;
/** Of one alert: a try asks all of them at once. */
const MOST_CHANNELS = 5;
const MOST_COOL_DOWN = 7 * 24 * 60;

const time = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "must be a time, such as 22:00")
  .nullable();
const settings = {
  name: z.string().min(1, "must not be empty").max(200, "is too long"),
  condition,
  channels: z.array(z.string().max(64, "is no channel")).max(MOST_CHANNELS, `must be ${MOST_CHANNELS} at most`),
  cool_down: z
    .int("must be whole minutes")
    .min(0, "must not be negative")
    .max(MOST_COOL_DOWN, `must be ${MOST_COOL_DOWN} minutes at most`),
  quiet_from: time,
  quiet_to: time,
};
const { cool_down, quiet_from, quiet_to, ...needed } = settings;
export const newAlert = z.strictObject({
  project_id: projectId.optional(),
  ...needed,
  ...z.strictObject({ cool_down, quiet_from, quiet_to }).partial().shape,
});
export const alertChanges = z.strictObject({
  ...z.strictObject(settings).partial().shape,
  paused: z.boolean("must be true or false").optional(),
});
export const alertsQuery = z.strictObject({ project_id: projectId.optional() });
const { project_id: _, ...paging } = pageParameters;
export const historyQuery = z.strictObject(paging);

const DEFAULT_COOL_DOWN = 60;

export type AlertView = AlertSettings & {
  id: string;
  project_id: string;
  state: AlertState;
  created_at: string;
  /** When it was last judged; null before the first time. */
  checked_at: string | null;
  error: string | null;
  incident: { id: string; opened_at: string; finding: string } | null;
};
export type NoticeView = {
  channel_id: string;
  /** Null where it was removed. */
  channel: string | null;
  kind: NoticeKind;
  status: "waiting" | "sent" | "dead";
  tries: number;
  /** When it was sent or given up; while it waits, when the next try is due. */
  at: string;
  answer: number | null;
  error: string | null;
};
export type IncidentView = {
  id: string;
  opened_at: string;
  ended_at: string | null;
  finding: string;
  notices: NoticeView[];
};
export type TriedChannel = Omit<Outcome, "ok"> & {
  channel_id: string;
  channel: string;
  kind: ChannelKind;
  taken: boolean;
};
export type TriedAlert = {
  /** Whether its condition holds now; null where that cannot be said. */
  holds: boolean | null;
  finding: string;
  sent: TriedChannel[];
};

const iso = (at: number) => new Date(at).toISOString();
const view = (alert: Alert): AlertView => {
  const { id, project_id, name, condition, channels, cool_down, quiet_from, quiet_to, error, incident } = alert;
  return {
    ...{ id, project_id, name, condition, channels, cool_down, quiet_from, quiet_to, error },
    state: stateOf(alert),
    created_at: iso(alert.created_at),
    checked_at: alert.checked_at === 0 ? null : iso(alert.checked_at),
    incident: incident && { ...incident, opened_at: iso(incident.opened_at) },
  };
};

const administer = atLeast("admin");

async function ownAlert(db: Database, principal: Principal, id: string): Promise<Alert> {
  const alert = await findAlert(db, id);
  if (!alert || !reaches(principal, alert.project_id)) throw new Problem(404, `There is no alert ${id}.`);
  return alert;
}

/** The rules between fields, and that what they name is there. */
async function check(db: Database, principal: Principal, project_id: string, given: AlertSettings): Promise<void> {
  const errors: Complaint[] = [];
  const wrong = (field: string, rule: string) => errors.push({ field, code: "invalid", message: `${field} ${rule}` });
  const { condition, quiet_from, quiet_to, channels } = given;
  const refusal = wrongCondition(condition);
  if (refusal !== null) wrong(refusal.field, refusal.rule);
  if ((quiet_from === null) !== (quiet_to === null))
    wrong(quiet_from === null ? "quiet_from" : "quiet_to", "is required: quiet hours have a beginning and an end");
  if (quiet_from !== null && quiet_from === quiet_to) wrong("quiet_to", "must not be quiet_from");
  const known = new Set((await channelsOf(db, project_id)).map(({ id }) => id));
  const unknown = channels.find((id) => !known.has(id));
  if (unknown !== undefined) wrong("channels", `has ${unknown}, which is no channel of ${project_id}`);
  if (errors.length > 0) throw new Problem(400, errors.map(({ message }) => message).join("; "), { errors });
  if ("segment_id" in condition && condition.segment_id !== undefined)
    await usableSegment(db, project_id, principal, condition.segment_id);
}

const pick = ({ name, condition, channels, cool_down, quiet_from, quiet_to }: AlertSettings): AlertSettings => ({
  ...{ name, condition, channels, cool_down, quiet_from, quiet_to },
});
const columnsOf = ({ name, condition, channels, cool_down, quiet_from, quiet_to }: AlertSettings) => ({
  name,
  condition: JSON.stringify(condition),
  channels: JSON.stringify(channels),
  cool_down,
  quiet_from,
  quiet_to,
});

export const alertRoutes = new Hono<App>()
  .use("/alerts/*", administer)
  .use("/alerts", administer)
  .get("/alerts", parameters(alertsQuery), async (c) => {
    const { project_id } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, Date.now());
    const alerts = await alertsOf(openDatabase(c.env.DB), project_id);
    return c.json({ rows: alerts.sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1)).map(view) });
  })
  .post("/alerts", async (c) => {
    const { project_id: named, ...given } = await readBody(c, newAlert);
    const now = Date.now();
    const { project_id } = await projectFor(c.env, c.var.principal, named, now);
    const db = openDatabase(c.env.DB);
    const { cool_down = DEFAULT_COOL_DOWN, quiet_from = null, quiet_to = null, name, condition, channels } = given;
    const asked: AlertSettings = { name, condition, channels, cool_down, quiet_from, quiet_to };
    await check(db, c.var.principal, project_id, asked);
    const id = crypto.randomUUID();
    const { origin } = new URL(c.req.url);
    const columns = columnsOf(asked);
    const what = { project_id, action: "alert.create", subject: id, details: asked };
    try {
      await act(db, c.var.principal, now, what, [
        sql`INSERT INTO alerts (id, project_id, origin, name, condition, channels, cool_down, quiet_from, quiet_to,
            created_at, changed_at, checked_at, memory)
          SELECT ${id}, ${project_id}, ${origin}, ${columns.name}, ${columns.condition}, ${columns.channels}, ${cool_down},
            ${quiet_from}, ${quiet_to}, CASE WHEN (SELECT count(*) FROM alerts WHERE project_id = ${project_id}) < ${MOST_ALERTS}
              THEN ${now} END, ${now}, 0, '{}'`,
      ]);
    } catch (error) {
      if (!/NOT NULL constraint failed: alerts\.created_at/.test(String(error))) throw error;
      throw new Problem(409, `${project_id} has ${MOST_ALERTS} alerts, which is the most.`);
    }
    return c.json(view(await ownAlert(db, c.var.principal, id)), 201);
  })
  .patch("/alerts/:id", async (c) => {
    const { paused, ...given } = await readBody(c, alertChanges);
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const before = await ownAlert(db, c.var.principal, c.req.param("id"));
    const { id, project_id } = before;
    const changes = withoutUndefined(given);
    const after: AlertSettings = { ...pick(before), ...changes };
    await check(db, c.var.principal, project_id, after);
    const columns = columnsOf(after);
    const set = (Object.keys(changes) as (keyof AlertSettings)[]).map(
      (column) => sql`${sql.raw(column)} = ${columns[column]}, `,
    );
    const paused_at = paused === undefined ? before.paused_at : paused ? (before.paused_at ?? now) : null;
    const details = { ...changes, ...(paused !== undefined && { paused }) };
    if (Object.keys(details).length > 0)
      await act(db, c.var.principal, now, { project_id, action: "alert.change", subject: id, details }, [
        // What is judged meanwhile by the old settings comes to nothing. A changed condition is judged at once.
        sql`UPDATE alerts SET ${sql.join(set)} paused_at = ${paused_at}, error = NULL, changed_at = max(${now}, changed_at + 1),
          checked_at = CASE WHEN condition = ${columns.condition} AND paused_at IS ${paused_at} THEN checked_at ELSE 0 END
          WHERE id = ${id}`,
      ]);
    return c.json(view(await ownAlert(db, c.var.principal, id)));
  })
  .delete("/alerts/:id", async (c) => {
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const { id, project_id } = await ownAlert(db, c.var.principal, c.req.param("id"));
    await act(db, c.var.principal, now, { project_id, action: "alert.remove", subject: id }, [
      sql`DELETE FROM notices WHERE project_id = ${project_id}
        AND subject IN (SELECT id FROM incidents WHERE alert_id = ${id})`,
      sql`DELETE FROM incidents WHERE alert_id = ${id}`,
      sql`DELETE FROM alerts WHERE id = ${id}`,
    ]);
    return c.body(null, 204);
  })
  .post("/alerts/:id/test", async (c) => {
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const alert = await ownAlert(db, c.var.principal, c.req.param("id"));
    const { id, project_id } = alert;
    const project = await findProject(c.env, project_id, now);
    if (!project) throw new Problem(404, `There is no alert ${id}.`);
    const { holds, finding } = await judge({ env: c.env, db, project, now }, alert.condition, alert.memory);
    const channels = (await channelsOf(db, project_id)).filter((channel) => alert.channels.includes(channel.id));
    const message = tried(alert, finding, now);
    const sent = await Promise.all(
      channels.map(async (channel): Promise<TriedChannel> => {
        const { ok, ...told } = await tell(c.env, channel, message, now);
        return { channel_id: channel.id, channel: channel.name, kind: channel.kind, taken: ok, ...told };
      }),
    );
    const details = { taken: sent.filter(({ taken }) => taken).map(({ channel_id }) => channel_id) };
    await act(db, c.var.principal, now, { project_id, action: "alert.test", subject: id, details }, []);
    return c.json({ holds, finding, sent } satisfies TriedAlert);
  })
  .get("/alerts/:id/history", parameters(historyQuery), async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const db = openDatabase(c.env.DB);
    const { id } = await ownAlert(db, c.var.principal, c.req.param("id"));
    const rows = await db.all<{
      id: string;
      opened_at: number;
      ended_at: number | null;
      finding: string;
      notices: string;
    }>(
      sql`SELECT i.id, i.opened_at, i.ended_at, i.finding, (SELECT json_group_array(json_object('channel_id', n.channel_id,
            'channel', c.name, 'kind', n.kind, 'status', n.status, 'tries', n.tries, 'at', n.due_at, 'answer', n.answer,
            'error', n.error) ORDER BY n.made_at, n.kind DESC, n.channel_id) FROM notices n LEFT JOIN channels c ON c.id = n.channel_id AND c.removed_at IS NULL
          WHERE n.subject = i.id) AS notices
        FROM incidents i WHERE i.alert_id = ${id} AND i.opened_at < ${cursor ?? Number.MAX_SAFE_INTEGER}
        ORDER BY i.opened_at DESC LIMIT ${limit + 1}`,
    );
    const { rows: shown, next_cursor } = page(rows, limit, (row) => row.opened_at);
    return c.json({
      rows: shown.map(
        (row): IncidentView => ({
          id: row.id,
          opened_at: iso(row.opened_at),
          ended_at: row.ended_at === null ? null : iso(row.ended_at),
          finding: row.finding,
          notices: (JSON.parse(row.notices) as (Omit<NoticeView, "at"> & { at: number })[]).map((notice) => ({
            ...notice,
            at: iso(notice.at),
          })),
        }),
      ),
      next_cursor,
    });
  });
