/** Reports that are sent by themselves: made, changed, paused, tried, and what was sent. */
import { sql } from "drizzle-orm";
import { type Context, Hono } from "hono";
import * as z from "zod";
import type { Watched } from "../alerts/measure.ts";
import { channelsOf } from "../channels/channel.ts";
import { tell } from "../channels/sending.ts";
import { projectId } from "../event.ts";
import { atLeast, projectFor, reaches } from "../http/access.ts";
import { readBody, withoutUndefined } from "../http/body.ts";
import { page, pageParameters } from "../http/page.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { findSegment, usableSegment } from "../http/saved-segment.ts";
import { issueOf, messageTo, readersOf } from "../schedules/issue.ts";
import { EVERY, newestPeriod } from "../schedules/period.ts";
import { findSchedule, type Schedule, type ScheduleSettings, schedulesOf } from "../schedules/schedule.ts";
import { type Database, openDatabase } from "../schema.ts";
import type { NoticeView, TriedChannel } from "./alerts.ts";
import { act } from "./audit.ts";

export const MOST_SCHEDULES = 20;
/** Of one report: a try asks all of them at once. */
const MOST_CHANNELS = 5;

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
  channels: z.array(z.string().max(64, "is no channel")).max(MOST_CHANNELS, `must be ${MOST_CHANNELS} at most`),
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

export type ScheduleView = ScheduleSettings & {
  id: string;
  project_id: string;
  unsubscribed: string[];
  paused: boolean;
  created_at: string;
  sent_to: string;
  /** Why none can be made. */
  error: string | null;
};
export type SentReport = Omit<NoticeView, "kind"> & { to: string };
export type TriedReport = { from: string; to: string; sent: TriedChannel[] };

const iso = (at: number) => new Date(at).toISOString();

/** A segment that is gone is found out here: a report of it is of nothing. */
async function view(db: Database, schedule: Schedule): Promise<ScheduleView> {
  const { origin: _, paused_at, created_at, ...shown } = schedule;
  const gone = schedule.segment_id !== null && (await findSegment(db, schedule.segment_id)) === null;
  const error = gone ? `there is no segment ${schedule.segment_id} any more` : null;
  return { ...shown, paused: paused_at !== null, created_at: iso(created_at), error };
}

const administer = atLeast("admin");

async function ownSchedule(db: Database, principal: Principal, id: string): Promise<Schedule> {
  const schedule = await findSchedule(db, id);
  if (!schedule || !reaches(principal, schedule.project_id))
    throw new Problem(404, `There is no scheduled report ${id}.`);
  return schedule;
}

/** That what it names is there. */
async function check(db: Database, principal: Principal, project_id: string, given: ScheduleSettings): Promise<void> {
  const known = new Set((await channelsOf(db, project_id)).map(({ id }) => id));
  const unknown = given.channels.find((id) => !known.has(id));
  if (unknown !== undefined)
    throw Problem.of("channels", `channels has ${unknown}, which is no channel of ${project_id}`);
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

async function watchedOf(c: Context<App>, db: Database, project_id: string, now: number): Promise<Watched> {
  const project = await projectFor(c.env, c.var.principal, project_id, now);
  return { env: c.env, db, project, now };
}

export const scheduleRoutes = new Hono<App>()
  .use("/scheduled-reports/*", administer)
  .use("/scheduled-reports", administer)
  .get("/scheduled-reports", parameters(schedulesQuery), async (c) => {
    const { project_id } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, Date.now());
    const db = openDatabase(c.env.DB);
    const schedules = await schedulesOf(db, project_id);
    return c.json({ rows: await Promise.all(schedules.map((schedule) => view(db, schedule))) });
  })
  .post("/scheduled-reports", async (c) => {
    const { project_id: named, ...given } = await readBody(c, newSchedule);
    const now = Date.now();
    const { project_id, timezone } = await projectFor(c.env, c.var.principal, named, now);
    const db = openDatabase(c.env.DB);
    const { hour = DEFAULT_HOUR, banner_tags = null, segment_id = null, name, every, channels } = given;
    const asked: ScheduleSettings = { name, every, hour, banner_tags, segment_id, channels };
    await check(db, c.var.principal, project_id, asked);
    const id = crypto.randomUUID();
    const columns = columnsOf(asked);
    const sent_to = newestPeriod(timezone, every, 0, now).to;
    const what = { project_id, action: "scheduled_report.create", subject: id, details: asked };
    try {
      await act(db, c.var.principal, now, what, [
        sql`INSERT INTO scheduled_reports (id, project_id, origin, name, every, hour, banner_tags, segment_id, channels,
            unsubscribed, created_at, sent_to)
          SELECT ${id}, ${project_id}, ${new URL(c.req.url).origin}, ${name}, ${every}, ${hour}, ${columns.banner_tags},
            ${segment_id}, ${columns.channels}, '[]',
            CASE WHEN (SELECT count(*) FROM scheduled_reports WHERE project_id = ${project_id}) < ${MOST_SCHEDULES}
              THEN ${now} END, ${sent_to}`,
      ]);
    } catch (error) {
      if (!/NOT NULL constraint failed: scheduled_reports\.created_at/.test(String(error))) throw error;
      throw new Problem(409, `${project_id} has ${MOST_SCHEDULES} scheduled reports, which is the most.`);
    }
    return c.json(await view(db, await ownSchedule(db, c.var.principal, id)), 201);
  })
  .patch("/scheduled-reports/:id", async (c) => {
    const { paused, ...given } = await readBody(c, scheduleChanges);
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const before = await ownSchedule(db, c.var.principal, c.req.param("id"));
    const { id, project_id } = before;
    const { timezone } = await projectFor(c.env, c.var.principal, project_id, now);
    const changes = withoutUndefined(given);
    const after: ScheduleSettings = { ...before, ...changes };
    await check(db, c.var.principal, project_id, after);
    const columns = columnsOf(after);
    const set = (Object.keys(changes) as (keyof ScheduleSettings)[]).map(
      (column) => sql`${sql.raw(column)} = ${columns[column]}`,
    );
    if (paused !== undefined) set.push(paused ? sql`paused_at = ifnull(paused_at, ${now})` : sql`paused_at = NULL`);
    // What was over by then is not sent after the fact, and weeks do not follow days.
    const begins = changes.every !== undefined || (paused === false && before.paused_at !== null);
    if (begins) set.push(sql`sent_to = ${newestPeriod(timezone, after.every, 0, now).to}`);
    const details = { ...changes, ...(paused !== undefined && { paused }) };
    if (set.length > 0)
      await act(db, c.var.principal, now, { project_id, action: "scheduled_report.change", subject: id, details }, [
        sql`UPDATE scheduled_reports SET ${sql.join(set, sql`, `)} WHERE id = ${id}`,
      ]);
    return c.json(await view(db, await ownSchedule(db, c.var.principal, id)));
  })
  .delete("/scheduled-reports/:id", async (c) => {
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const { id, project_id } = await ownSchedule(db, c.var.principal, c.req.param("id"));
    await act(db, c.var.principal, now, { project_id, action: "scheduled_report.remove", subject: id }, [
      sql`DELETE FROM notices WHERE project_id = ${project_id} AND kind = 'report' AND subject > ${`${id}.`} AND subject < ${`${id}/`}`,
      sql`DELETE FROM scheduled_reports WHERE id = ${id}`,
    ]);
    return c.body(null, 204);
  })
  .post("/scheduled-reports/:id/test", async (c) => {
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const schedule = await ownSchedule(db, c.var.principal, c.req.param("id"));
    const { id, project_id, every } = schedule;
    const watched = await watchedOf(c, db, project_id, now);
    const period = newestPeriod(watched.project.timezone, every, 0, now);
    const issue = await issueOf(watched, schedule, period);
    const readers = readersOf(schedule);
    const channels = (await channelsOf(db, project_id)).filter((channel) => readers.includes(channel.id));
    const sent = await Promise.all(
      channels.map(async (channel): Promise<TriedChannel> => {
        const { ok, ...told } = await tell(c.env, channel, await messageTo(watched, issue, channel, "test"), now);
        return { channel_id: channel.id, channel: channel.name, kind: channel.kind, taken: ok, ...told };
      }),
    );
    const details = { taken: sent.filter(({ taken }) => taken).map(({ channel_id }) => channel_id) };
    await act(db, c.var.principal, now, { project_id, action: "scheduled_report.test", subject: id, details }, []);
    return c.json({ ...period, sent } satisfies TriedReport);
  })
  .get("/scheduled-reports/:id/history", parameters(sentQuery), async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const db = openDatabase(c.env.DB);
    const { id, project_id } = await ownSchedule(db, c.var.principal, c.req.param("id"));
    const from = cursor ?? 0;
    const rows = await db.all<Omit<SentReport, "at" | "to"> & { at: number; subject: string; n: number }>(sql`
      SELECT n.channel_id, c.name AS channel, n.subject, n.status, n.tries, n.due_at AS at, n.answer, n.error,
        row_number() OVER (ORDER BY n.subject DESC, n.channel_id) AS n
      FROM notices n LEFT JOIN channels c ON c.id = n.channel_id AND c.removed_at IS NULL
      WHERE n.project_id = ${project_id} AND n.kind = 'report' AND n.subject > ${`${id}.`} AND n.subject < ${`${id}/`}
      ORDER BY n.subject DESC, n.channel_id LIMIT ${limit + 1} OFFSET ${from}`);
    const { rows: shown, next_cursor } = page(rows, limit, (row) => row.n);
    return c.json({
      rows: shown.map(
        ({ n: _, subject, at, ...row }): SentReport => ({ ...row, to: subject.slice(id.length + 1), at: iso(at) }),
      ),
      next_cursor,
    });
  });
