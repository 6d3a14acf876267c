/** Alerts: to make, change, pause and test them, and what they found. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { ALERT_STATES, type Alert, type AlertSettings, alertsOf, findAlert, stateOf } from "../alerts/alert.ts";
import { condition, wrongCondition } from "../alerts/condition.ts";
import { tried } from "../alerts/incident.ts";
import { judge } from "../alerts/judge.ts";
import { NOTICE_KINDS } from "../channels/message.ts";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { withoutUndefined } from "../http/body.ts";
import { json } from "../http/operation.ts";
import { page, paged, pageParameters, rows } from "../http/page.ts";
import type { Principal } from "../http/principal.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { usableSegment } from "../http/saved-segment.ts";
import { findProject } from "../project.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";
import { channelIds, noticeFields, refusalOfChannels, sendTest, takenBy, triedChannels } from "./sent.ts";

export const MOST_ALERTS = 50;
const MOST_COOL_DOWN = 7 * 24 * 60;

const time = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "must be a time, such as 22:00")
  .nullable();
const settings = {
  name: z.string().min(1, "must not be empty").max(200, "is too long"),
  condition,
  channels: channelIds,
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

const finding = text.describe("What was found, in a sentence.");
const alertView = z
  .object({
    id: text,
    project_id: text,
    name: text,
    condition,
    channels: z.array(text).describe("Ids of channels."),
    cool_down: whole.describe("Minutes from the end of an incident in which no other one begins."),
    quiet_from: maybe,
    quiet_to: maybe,
    state: z.enum(ALERT_STATES).describe("`open`: an incident goes on. `failing`: it cannot be judged."),
    created_at: instant,
    checked_at: instant.nullable().describe("When it was last judged; null before the first time."),
    error: maybe.describe("Why it could not be judged."),
    incident: z.object({ id: text, opened_at: instant, finding }).nullable(),
  })
  .meta({ id: "Alert" });
const notice = z.object({ ...noticeFields, kind: z.enum(NOTICE_KINDS) });
const incident = z
  .object({
    id: text,
    opened_at: instant,
    ended_at: instant.nullable(),
    finding,
    notices: z.array(notice),
  })
  .meta({ id: "Incident" });
const triedAlert = z
  .object({
    holds: z.boolean().nullable().describe("Whether its condition holds now; null where that cannot be said."),
    finding,
    sent: triedChannels,
  })
  .meta({ id: "TriedAlert" });
export type AlertView = z.output<typeof alertView>;
export type NoticeView = z.output<typeof notice>;
export type IncidentView = z.output<typeof incident>;
export type TriedAlert = z.output<typeof triedAlert>;

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

async function ownAlert(db: Database, principal: Principal, id: string): Promise<Alert> {
  const alert = await findAlert(db, id);
  if (!alert || !reaches(principal, alert.project_id)) throw new Problem(404, `There is no alert ${id}.`);
  return alert;
}

/** Checks the rules between fields, and that the named channels and segments exist. */
async function check(db: Database, principal: Principal, project_id: string, given: AlertSettings): Promise<void> {
  const errors: Complaint[] = [];
  const wrong = (field: string, rule: string) => errors.push({ field, code: "invalid", message: `${field} ${rule}` });
  const { condition, quiet_from, quiet_to, channels } = given;
  const refusal = wrongCondition(condition);
  if (refusal !== null) wrong(refusal.field, refusal.rule);
  if ((quiet_from === null) !== (quiet_to === null))
    wrong(quiet_from === null ? "quiet_from" : "quiet_to", "is required: quiet hours have a beginning and an end");
  if (quiet_from !== null && quiet_from === quiet_to) wrong("quiet_to", "must not be quiet_from");
  const refusalOfIds = await refusalOfChannels(db, project_id, channels);
  if (refusalOfIds !== null) wrong("channels", refusalOfIds);
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

const administered = { tag: "Alerts", role: "admin" } as const;

export const alertRoutes = [
  route(
    {
      id: "listAlerts",
      method: "get",
      path: "/alerts",
      ...administered,
      summary: "List the alerts of a project",
      description: "What each watches, and how it is now.",
      query: alertsQuery,
      answers: { 200: { description: "The oldest first.", content: json(rows(alertView)) } },
    },
    async ({ db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      const alerts = await alertsOf(db, project_id);
      return { rows: alerts.sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1)).map(view) };
    },
  ),
  route(
    {
      id: "createAlert",
      method: "post",
      path: "/alerts",
      ...administered,
      summary: "Make an alert",
      description: "Kinds of conditions are in docs/alerts.md. It is judged every five minutes, or each hour.",
      body: {
        schema: newAlert,
        examples: {
          Silence: {
            name: "No deposits of aff-x",
            condition: { kind: "silence", event_type: "deposit", banner_tags: ["aff-x"], minutes: 360 },
            channels: [],
          },
          Threshold: {
            name: "Few visits",
            condition: { kind: "threshold", metric: "visits", comparison: "below", value: 10, minutes: 60 },
            channels: [],
            quiet_from: "22:00",
            quiet_to: "07:00",
          },
        },
      },
      answers: { 201: { description: "The alert.", content: json(alertView) } },
      problems: [409],
      audit: "alert.create",
    },
    async ({ c, db, principal, readBody, projectFor, act, now }) => {
      const { project_id: named, ...given } = await readBody();
      const { project_id } = await projectFor(named);
      const { cool_down = DEFAULT_COOL_DOWN, quiet_from = null, quiet_to = null, name, condition, channels } = given;
      const asked: AlertSettings = { name, condition, channels, cool_down, quiet_from, quiet_to };
      await check(db, principal, project_id, asked);
      const id = crypto.randomUUID();
      const { origin } = new URL(c.req.url);
      const columns = columnsOf(asked);
      const what = { project_id, subject: id, details: asked };
      try {
        await act(what, [
          sql`INSERT INTO alerts (id, project_id, origin, name, condition, channels, cool_down, quiet_from, quiet_to,
            created_at, changed_at, checked_at, memory)
          -- The last one is of the version before, which still runs while a new one is deployed.
          SELECT ${id}, ${project_id}, ${origin}, ${columns.name}, ${columns.condition}, ${columns.channels}, ${cool_down},
            ${quiet_from}, ${quiet_to}, CASE WHEN (SELECT count(*) FROM alerts WHERE project_id = ${project_id}) < ${MOST_ALERTS}
              THEN ${now} END, ${now}, 0, '{}'`,
        ]);
      } catch (error) {
        if (!isGuarded(error, "alerts.created_at")) throw error;
        throw new Problem(409, `${project_id} has ${MOST_ALERTS} alerts, which is the most.`);
      }
      return view(await ownAlert(db, principal, id));
    },
  ),
  route(
    {
      id: "changeAlert",
      method: "patch",
      path: "/alerts/:id",
      on: { row: "alerts" },
      ...administered,
      summary: "Change, pause or resume an alert",
      description: "Only the fields that are given; a condition is given whole.",
      body: { schema: alertChanges, examples: { Pause: { paused: true }, Rest: { cool_down: 240 } } },
      answers: { 200: { description: "The alert as it is now.", content: json(alertView) } },
      problems: [404],
      audit: "alert.change",
    },
    async ({ db, principal, params, readBody, act, now }) => {
      const { paused, ...given } = await readBody();
      const before = await ownAlert(db, principal, params.id);
      const { id, project_id } = before;
      const changes = withoutUndefined(given);
      const after: AlertSettings = { ...pick(before), ...changes };
      await check(db, principal, project_id, after);
      const columns = columnsOf(after);
      const set = (Object.keys(changes) as (keyof AlertSettings)[]).map(
        (column) => sql`${sql.raw(column)} = ${columns[column]}, `,
      );
      const paused_at = paused === undefined ? before.paused_at : paused ? (before.paused_at ?? now) : null;
      const details = { ...changes, ...(paused !== undefined && { paused }) };
      if (Object.keys(details).length > 0)
        await act({ project_id, subject: id, details }, [
          // A judgement by the old settings that is under way has no effect. A changed condition is judged at once.
          sql`UPDATE alerts SET ${sql.join(set)} paused_at = ${paused_at}, error = NULL, changed_at = max(${now}, changed_at + 1),
          checked_at = CASE WHEN condition = ${columns.condition} AND paused_at IS ${paused_at} THEN checked_at ELSE 0 END
          WHERE id = ${id}`,
        ]);
      return view(await ownAlert(db, principal, id));
    },
  ),
  route(
    {
      id: "removeAlert",
      method: "delete",
      path: "/alerts/:id",
      on: { row: "alerts" },
      ...administered,
      summary: "Remove an alert",
      description: "Its incidents go, too, and what waited to be sent of them.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "alert.remove",
    },
    async ({ db, principal, params, act }) => {
      const { id, project_id } = await ownAlert(db, principal, params.id);
      await act({ project_id, subject: id }, [
        sql`DELETE FROM notices WHERE project_id = ${project_id}
        AND subject IN (SELECT id FROM incidents WHERE alert_id = ${id})`,
        sql`DELETE FROM incidents WHERE alert_id = ${id}`,
        sql`DELETE FROM alerts WHERE id = ${id}`,
      ]);
    },
  ),
  route(
    {
      id: "testAlert",
      method: "post",
      path: "/alerts/:id/test",
      on: { row: "alerts" },
      ...administered,
      summary: "Send a test to an alert's channels",
      description:
        "At once, also where it is paused, with what its condition finds now. Waits for the answers, 10 seconds at most. No incident begins.",
      answers: { 200: { description: "What was found, and what came back.", content: json(triedAlert) } },
      problems: [404],
      audit: "alert.test",
    },
    async ({ env, db, principal, params, act, now }) => {
      const alert = await ownAlert(db, principal, params.id);
      const { id, project_id } = alert;
      const project = await findProject(env, project_id, now);
      if (!project) throw new Problem(404, `There is no alert ${id}.`);
      const { holds, finding } = await judge({ env, db, project, now }, alert.condition);
      const message = tried(alert, finding, now);
      const sent = await sendTest(env, db, alert, () => message, now);
      await act({ project_id, subject: id, details: takenBy(sent) }, []);
      return { holds, finding, sent };
    },
  ),
  route(
    {
      id: "listIncidents",
      method: "get",
      path: "/alerts/:id/history",
      on: { row: "alerts" },
      ...administered,
      summary: "The incidents of an alert",
      description: "With what was sent of each, kept for 90 days.",
      query: historyQuery,
      answers: { 200: { description: "The newest first.", content: json(paged(incident)) } },
      problems: [404],
    },
    async ({ db, principal, params, query }) => {
      const { limit, cursor } = query;
      const { id } = await ownAlert(db, principal, params.id);
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
      return {
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
      };
    },
  ),
] as const;
