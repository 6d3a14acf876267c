/**
 * Where a reader ends a report, without a key: the link itself says who it is. Asking shows a page, since mail programs and
 * scanners open links by themselves; its button, and the one of a mail program (RFC 8058), posts.
 */
import { sql } from "drizzle-orm";
import type { Context } from "hono";
import * as z from "zod";
import { escaped, pageOf, paragraph } from "../channels/html.ts";
import { ADMIN } from "../http/keys.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { findSchedule, type Schedule } from "../schedules/schedule.ts";
import { unsubscriberOf } from "../schedules/unsubscribing.ts";
import { type Database, databaseOf, mainDatabaseOf } from "../store/database.ts";
import { rowOnShard } from "../store/row-on-shard.ts";
import { act } from "./audit.ts";
import { route } from "./route.ts";

export const unsubscribeQuery = z.strictObject({
  token: z
    .string("must be given once")
    .max(300, "is too long")
    .describe("What the link of a mail has; it names the report and its reader."),
});

/** Nobody signs in here: the audit log has this in place of a key's name. */
const READER = { ...ADMIN, key_id: "unsubscribe" };

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

const pageWith = (c: Context<App>, title: string, parts: string[]) =>
  c.html(pageOf(title, parts, ["Sent by Edgepixel."]), 200, { "content-security-policy": POLICY });

type Reading = { db: Database; schedule: Schedule; channel_id: string };

async function asked(c: Context<App>, token: string): Promise<Reading> {
  const named = await unsubscriberOf(mainDatabaseOf(c.env), token);
  const shard = named && (await rowOnShard(c.env, "scheduled_reports", "id", named.schedule_id));
  const db = shard && databaseOf(shard);
  const schedule = named && db && (await findSchedule(db, named.schedule_id));
  if (!named || !db || !schedule)
    throw new Problem(404, "This link ends no report: it is incomplete, or the report was removed.");
  return { db, schedule, channel_id: named.channel_id };
}

const administered = { tag: "Alerts", role: null } as const;

export const unsubscribeRoutes = [
  route(
    {
      id: "showUnsubscribing",
      method: "get",
      path: "/unsubscribe",
      ...administered,
      summary: "Ask a reader whether to end a report",
      description: "The link at the end of a report by mail. It changes nothing.",
      answers: { 200: { description: "A page with a button.", content: { "text/html": z.string() } } },
      query: unsubscribeQuery,
      problems: [404],
    },
    async ({ c, query }) => {
      const { schedule, channel_id } = await asked(c, query.token);
      if (schedule.unsubscribed.includes(channel_id))
        return pageWith(c, "You get this report no more", [paragraph(`${schedule.name} is not sent to you.`)]);
      return pageWith(c, "Unsubscribe", [
        paragraph(`You get the report ${schedule.name}.`),
        `<form method="post" action="${escaped(new URL(c.req.url).pathname + new URL(c.req.url).search)}"><button style="font:inherit;padding:10px 16px">Send it to me no more</button></form>`,
      ]);
    },
  ),
  route(
    {
      id: "unsubscribe",
      method: "post",
      path: "/unsubscribe",
      ...administered,
      summary: "End a report for its reader",
      description: "What the button does, and what mail programs do by one click (RFC 8058).",
      answers: { 200: { description: "A page that says so.", content: { "text/html": z.string() } } },
      query: unsubscribeQuery,
      problems: [404],
    },
    async ({ c, query, now }) => {
      const { db, schedule, channel_id } = await asked(c, query.token);
      const { id, project_id, name } = schedule;
      const what = { project_id, action: "scheduled_report.unsubscribe", subject: id, details: { channel_id } };
      if (!schedule.unsubscribed.includes(channel_id))
        await act(db, READER, now, what, [
          sql`UPDATE scheduled_reports SET unsubscribed = json_insert(unsubscribed, '$[#]', ${channel_id})
          WHERE id = ${id} AND NOT EXISTS (SELECT 1 FROM json_each(unsubscribed) WHERE value = ${channel_id})`,
          // Reports that still wait for the reader are not sent, either.
          sql`DELETE FROM notices WHERE channel_id = ${channel_id} AND kind = 'report' AND status = 'waiting'
          AND subject > ${`${id}.`} AND subject < ${`${id}/`}`,
        ]);
      return pageWith(c, "You get this report no more", [paragraph(`${name} is not sent to you any more.`)]);
    },
  ),
] as const;
