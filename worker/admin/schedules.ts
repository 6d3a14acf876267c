/** Scheduled reports: to create, change, pause and test them, and the messages that were sent. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import type { Watched } from "../alerts/measure.ts";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { withoutUndefined } from "../http/body.ts";
import { json } from "../http/operation.ts";
import { page, paged, pageParameters, rows } from "../http/page.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { findSegment, usableSegment } from "../http/saved-segment.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { issueOf, messageTo, readersOf } from "../schedules/issue.ts";
import { EVERY, newestPeriod } from "../schedules/period.ts";
import { findSchedule, type Schedule, type ScheduleSettings, schedulesOf } from "../schedules/schedule.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";
import { channelIds, noticeFields, refusalOfChannels, sendTest, takenBy, triedChannels } from "./sent.ts";

export const MOST_SCHEDULES = 20;

const settings = {
  name: z.string().min(1, "must not be empty").max(200, "is too long"),
  every: z.enum(EVERY, `must be one of ${EVERY.join(", ")}`),
  hour: z.int("must be a whole hour").min(0, "must be 0 at least").max(23, "must be 23 at most"),
  banner_tags: z
    .array(z.string().min(1, "must not be empty").max(128, "is too long"))
    .min(1, "must name one tag at least")
    .max(50, "must be 50 at most")
    .nullable(),
  segment_id: z.string().min(1, "must not be empty").max(64, "is too long").nullable(),
  channels: channelIds,
};
const { hour, banner_tags, segment_id, ...needed } = settings;
export const newSchedule = z.strictObject({
  project_id: projectId.optional(),
  ...needed,
  ...z.strictObject({ hour, banner_tags, segment_id }).partial().shape,
});
export const scheduleChanges = z.strictObject({
  ...z.strictObject(settings).partial().shape,
  paused: z.boolean("must be true or false").optional(),
});
export const schedulesQuery = z.strictObject({ project_id: projectId.optional() });
const { project_id: _, ...paging } = pageParameters;
export const sentQuery = z.strictObject(paging);

const DEFAULT_HOUR = 7;

const scheduleView = z
  .object({
    id: text,
    project_id: text,
    name: text,
    every: z.enum(EVERY),
    hour: whole.describe("The hour of the project's clock from which on it is sent."),
    banner_tags: z.array(text).nullable(),
    segment_id: maybe,
    channels: z.array(text).describe("Ids of channels."),
    unsubscribed: z.array(text).describe("Ids of channels whose reader wants it no more."),
    paused: z.boolean(),
    created_at: instant,
    sent_to: z.iso.date().describe("The last day of the newest period that was sent, or over when it was made."),
    error: maybe.describe("Why none can be made."),
  })
  .meta({ id: "ScheduledReport" });
const sentReport = z
  .object({ ...noticeFields, to: z.iso.date().describe("The last day of its period.") })
  .meta({ id: "SentReport" });
const triedReport = z.object({ from: z.iso.date(), to: z.iso.date(), sent: triedChannels }).meta({ id: "TriedReport" });
export type ScheduleView = z.output<typeof scheduleView>;
export type SentReport = z.output<typeof sentReport>;
export type TriedReport = z.output<typeof triedReport>;

/** Finds a segment that was removed: a report about it would have no tags. */
async function view(db: Database, schedule: Schedule): Promise<ScheduleView> {
  const { origin: _, tried_at: __, paused_at, created_at, ...shown } = schedule;
  const gone = schedule.segment_id !== null && (await findSegment(db, schedule.segment_id)) === null;
  const error = gone ? `there is no segment ${schedule.segment_id} any more` : null;
  return { ...shown, paused: paused_at !== null, created_at: iso(created_at), error };
}

async function ownSchedule(db: Database, principal: Principal, id: string): Promise<Schedule> {
  const schedule = await findSchedule(db, id);
  if (!schedule || !reaches(principal, schedule.project_id))
    throw new Problem(404, `There is no scheduled report ${id}.`);
  return schedule;
}

/** Checks that everything that the schedule names exists. */
async function check(db: Database, principal: Principal, project_id: string, given: ScheduleSettings): Promise<void> {
  const refusal = await refusalOfChannels(db, project_id, given.channels);
  if (refusal !== null) throw Problem.of("channels", `channels ${refusal}`);
  if (given.segment_id !== null) await usableSegment(db, project_id, principal, given.segment_id);
}

const columnsOf = ({ name, every, hour, banner_tags, segment_id, channels }: ScheduleSettings) => ({
  name,
  every,
  hour,
  banner_tags: banner_tags === null ? null : JSON.stringify(banner_tags),
  segment_id,
  channels: JSON.stringify(channels),
});

const administered = { tag: "Alerts", role: "admin" } as const;

export const scheduleRoutes = [
  route(
    {
      id: "listScheduledReports",
      method: "get",
      path: "/scheduled-reports",
      ...administered,
      summary: "List the scheduled reports of a project",
      description: "What is sent by itself, how often, and to whom.",
      query: schedulesQuery,
      answers: { 200: { description: "The oldest first.", content: json(rows(scheduleView)) } },
    },
    async ({ db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      const schedules = await schedulesOf(db, project_id);
      return { rows: await Promise.all(schedules.map((schedule) => view(db, schedule))) };
    },
  ),
  route(
    {
      id: "createScheduledReport",
      method: "post",
      path: "/scheduled-reports",
      ...administered,
      summary: "Make a scheduled report",
      description: "The first one is of the period that is not over yet.",
      body: {
        schema: newSchedule,
        examples: {
          Weekly: { name: "The week", every: "week", channels: [] },
          Affiliate: { name: "aff-x by day", every: "day", hour: 8, banner_tags: ["aff-x"], channels: [] },
        },
      },
      answers: { 201: { description: "The scheduled report.", content: json(scheduleView) } },
      problems: [409],
      audit: "scheduled_report.create",
    },
    async ({ c, db, principal, readBody, projectFor, act, now }) => {
      const { project_id: named, ...given } = await readBody();
      const { project_id, timezone } = await projectFor(named);
      const { hour = DEFAULT_HOUR, banner_tags = null, segment_id = null, name, every, channels } = given;
      const asked: ScheduleSettings = { name, every, hour, banner_tags, segment_id, channels };
      await check(db, principal, project_id, asked);
      const id = crypto.randomUUID();
      const columns = columnsOf(asked);
      const sent_to = newestPeriod(timezone, every, 0, now).to;
      const what = { project_id, subject: id, details: asked };
      try {
        await act(what, [
          sql`INSERT INTO scheduled_reports (id, project_id, origin, name, every, hour, banner_tags, segment_id, channels,
            unsubscribed, created_at, sent_to)
          SELECT ${id}, ${project_id}, ${new URL(c.req.url).origin}, ${name}, ${every}, ${hour}, ${columns.banner_tags},
            ${segment_id}, ${columns.channels}, '[]',
            CASE WHEN (SELECT count(*) FROM scheduled_reports WHERE project_id = ${project_id}) < ${MOST_SCHEDULES}
              THEN ${now} END, ${sent_to}`,
        ]);
      } catch (error) {
        if (!isGuarded(error, "scheduled_reports.created_at")) throw error;
        throw new Problem(409, `${project_id} has ${MOST_SCHEDULES} scheduled reports, which is the most.`);
      }
      return await view(db, await ownSchedule(db, principal, id));
    },
  ),
  route(
    {
      id: "changeScheduledReport",
      method: "patch",
      path: "/scheduled-reports/:id",
      on: { row: "scheduled_reports" },
      ...administered,
      summary: "Change, pause or resume a scheduled report",
      description: "Only the fields that are given. What was over while it was paused is not sent.",
      body: { schema: scheduleChanges, examples: { Pause: { paused: true }, Hour: { hour: 9 } } },
      answers: { 200: { description: "The scheduled report as it is now.", content: json(scheduleView) } },
      problems: [404],
      audit: "scheduled_report.change",
    },
    async ({ db, principal, params, readBody, projectFor, act, now }) => {
      const { paused, ...given } = await readBody();
      const before = await ownSchedule(db, principal, params.id);
      const { id, project_id } = before;
      const { timezone } = await projectFor(project_id);
      const changes = withoutUndefined(given);
      const after: ScheduleSettings = { ...before, ...changes };
      await check(db, principal, project_id, after);
      const columns = columnsOf(after);
      const set = (Object.keys(changes) as (keyof ScheduleSettings)[]).map(
        (column) => sql`${sql.raw(column)} = ${columns[column]}`,
      );
      if (paused !== undefined) set.push(paused ? sql`paused_at = ifnull(paused_at, ${now})` : sql`paused_at = NULL`);
      // Periods that are over already are not sent later, such as the week of days that were sent one by one.
      const begins = changes.every !== undefined || (paused === false && before.paused_at !== null);
      if (begins) set.push(sql`sent_to = ${newestPeriod(timezone, after.every, 0, now).to}`);
      const details = { ...changes, ...(paused !== undefined && { paused }) };
      if (set.length > 0)
        await act({ project_id, subject: id, details }, [
          sql`UPDATE scheduled_reports SET ${sql.join(set, sql`, `)} WHERE id = ${id}`,
        ]);
      return await view(db, await ownSchedule(db, principal, id));
    },
  ),
  route(
    {
      id: "removeScheduledReport",
      method: "delete",
      path: "/scheduled-reports/:id",
      on: { row: "scheduled_reports" },
      ...administered,
      summary: "Remove a scheduled report",
      description: "What waited to be sent goes, too.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "scheduled_report.remove",
    },
    async ({ db, principal, params, act }) => {
      const { id, project_id } = await ownSchedule(db, principal, params.id);
      await act({ project_id, subject: id }, [
        sql`DELETE FROM notices WHERE project_id = ${project_id} AND kind = 'report' AND subject > ${`${id}.`} AND subject < ${`${id}/`}`,
        sql`DELETE FROM scheduled_reports WHERE id = ${id}`,
      ]);
    },
  ),
  route(
    {
      id: "testScheduledReport",
      method: "post",
      path: "/scheduled-reports/:id/test",
      on: { row: "scheduled_reports" },
      ...administered,
      summary: "Send the last period's report now",
      description: "To all its channels, also where it is paused. It counts for nothing: the period is sent as always.",
      answers: { 200: { description: "Of which days, and what came back.", content: json(triedReport) } },
      problems: [400, 404],
      audit: "scheduled_report.test",
    },
    async ({ env, db, principal, params, projectFor, act, now }) => {
      const schedule = await ownSchedule(db, principal, params.id);
      const { id, project_id, every } = schedule;
      const watched: Watched = { env, db, project: await projectFor(project_id), now };
      const period = newestPeriod(watched.project.timezone, every, 0, now);
      const issue = await issueOf(watched, schedule, period);
      const readers = { project_id, channels: readersOf(schedule) };
      const sent = await sendTest(env, db, readers, (channel) => messageTo(watched, issue, channel, "test"), now);
      await act({ project_id, subject: id, details: takenBy(sent) }, []);
      return { ...period, sent };
    },
  ),
  route(
    {
      id: "listSentReports",
      method: "get",
      path: "/scheduled-reports/:id/history",
      on: { row: "scheduled_reports" },
      ...administered,
      summary: "What was sent of a scheduled report",
      description: "A row a period and channel, kept for 90 days.",
      query: sentQuery,
      answers: { 200: { description: "The newest first.", content: json(paged(sentReport)) } },
      problems: [404],
    },
    async ({ db, principal, params, query }) => {
      const { limit, cursor } = query;
      const { id, project_id } = await ownSchedule(db, principal, params.id);
      const from = cursor ?? 0;
      const rows = await db.all<Omit<SentReport, "at" | "to"> & { at: number; subject: string; n: number }>(sql`
      SELECT n.channel_id, c.name AS channel, n.subject, n.status, n.tries, n.due_at AS at, n.answer, n.error,
        row_number() OVER (ORDER BY n.subject DESC, n.channel_id) AS n
      FROM notices n LEFT JOIN channels c ON c.id = n.channel_id AND c.removed_at IS NULL
      WHERE n.project_id = ${project_id} AND n.kind = 'report' AND n.subject > ${`${id}.`} AND n.subject < ${`${id}/`}
      ORDER BY n.subject DESC, n.channel_id LIMIT ${limit + 1} OFFSET ${from}`);
      const { rows: shown, next_cursor } = page(rows, limit, (row) => row.n);
      return {
        rows: shown.map(
          ({ n: _, subject, at, ...row }): SentReport => ({ ...row, to: subject.slice(id.length + 1), at: iso(at) }),
        ),
        next_cursor,
      };
    },
  ),
] as const;
