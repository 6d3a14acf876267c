/** A report of one period: the figures of the campaigns report. Its message is the same for all channels, except for the links. */

import { type SQL, sql } from "drizzle-orm";
import { tagsOf, type Watched } from "../alerts/measure.ts";
import type { Channel } from "../channels/channel.ts";
import { present } from "../channels/channel.ts";
import type { Message } from "../channels/message.ts";
import { makeNotices } from "../channels/notices.ts";
import { conjunction, scopeFilterOf } from "../figures/scope-filter.ts";
import { ADMIN } from "../http/keys.ts";
import { findSegment } from "../http/saved-segment.ts";
import type { TagFilter } from "../http/tag-filter.ts";
import { isByDays } from "../projections/figures-progress.ts";
import { campaigns } from "../reports/campaigns.ts";
import { daysOf } from "../reports/narrowing.ts";
import type { Period } from "../reports/period.ts";
import { csvOf } from "../reports/table.ts";
import { type Figures, htmlOf, linesOf } from "./page.ts";
import { titleOf } from "./period.ts";
import type { Schedule } from "./schedule.ts";
import { linkOf } from "./unsubscribing.ts";

/** The most rows of the attached table: it is stored in the database, which allows values of 2 MB at most. */
const MOST_ROWS = 2_000;

/** The rows of days for the report's tags; several tags are counted under a filter. */
async function daysOfTags(watched: Watched, { banner_tags, segment_id }: Schedule, tags: string[] | null) {
  const asking = { ...watched, principal: ADMIN };
  if (tags === null || tags.length < 2) return daysOf(asking, { tags }, null);
  const segment = segment_id === null ? null : await findSegment(watched.db, segment_id);
  const parts = [...(banner_tags ? [{ banner_tag: banner_tags }] : []), ...(segment ? [segment.filter] : [])];
  const filter = conjunction(
    parts.map(({ banner_tag = [], banner_tag_not = [], banner_tag_contains = [] }: Partial<TagFilter>) =>
      scopeFilterOf({ banner_tag, banner_tag_not, banner_tag_contains }),
    ),
  );
  return daysOf(asking, { filter }, null);
}

export type Issue = {
  schedule: Schedule;
  period: Period;
  title: string;
  notes: string[];
  figures: Figures;
  csv: string;
};

/** The channels of a report, without those whose reader has unsubscribed. */
export const readersOf = ({ channels, unsubscribed }: Schedule): string[] =>
  channels.filter((id) => !unsubscribed.includes(id));

export async function issueOf(watched: Watched, schedule: Schedule, period: Period): Promise<Issue> {
  const { env, db, project, now } = watched;
  const { banner_tags, segment_id, name, every } = schedule;
  const tags = await tagsOf(watched, {
    banner_tags: banner_tags ?? undefined,
    segment_id: segment_id ?? undefined,
  });
  const query = { compare: "previous" } as const;
  const days = (await isByDays(db, project.project_id)) ? await daysOfTags(watched, schedule, tags) : null;
  const { body, columns, rows } = await campaigns.read({
    env,
    db,
    project,
    principal: ADMIN,
    tags,
    field: null,
    firstEvent: {},
    days,
    byDays: false,
    query,
    params: {},
    period,
    now,
  });
  const all = rows as readonly Record<string, string | number | null>[];
  const unconverted = Object.keys(body.total.unconverted);
  return {
    schedule,
    period,
    title: `${name}: ${titleOf(every, period)} (${project.project_id})`,
    notes: [
      `From ${period.from} to ${period.to}, in the time zone ${project.timezone}.`,
      ...(banner_tags === null ? [] : [`Only the tags ${banner_tags.join(", ")}.`]),
      ...(segment_id === null ? [] : ["Only the tags of a segment."]),
      ...(unconverted.length === 0 ? [] : [`Not in the sums, for want of a rate: ${unconverted.join(", ")}.`]),
      ...(all.length > MOST_ROWS ? [`The table has the first ${MOST_ROWS} of ${all.length} tags.`] : []),
    ],
    figures: body,
    csv: csvOf(columns, all.slice(0, MOST_ROWS)),
  };
}

const subjectOf = ({ id }: Schedule, { to }: Period) => `${id}.${to}`;

/** The message for one channel. Only mail gets a link to unsubscribe. */
export async function messageTo<Kind extends "report" | "test">(
  { db, now }: Watched,
  { schedule, period, title, notes, figures, csv }: Issue,
  channel: Pick<Channel, "id" | "kind">,
  kind: Kind,
): Promise<Message & { kind: Kind }> {
  const { id, name, project_id, origin } = schedule;
  const link = `${origin}/?project_id=${encodeURIComponent(project_id)}&view=campaigns&from=${period.from}&to=${period.to}`;
  const unsubscribe = channel.kind === "email" ? await linkOf(db, origin, id, channel.id) : null;
  return {
    kind,
    subject: subjectOf(schedule, period),
    project_id,
    title,
    lines: [...notes, ...linesOf(figures)],
    link,
    at: now,
    details: { report: { id, name, ...period }, figures: figures.total, currency: figures.currency },
    report: {
      html: htmlOf(title, notes, figures, link, unsubscribe),
      csv: { name: `${project_id}-${period.from}-${period.to}.csv`, text: csv },
      unsubscribe,
    },
  };
}

/** Claims the period and writes the messages, in one transaction: a second run finds the period claimed and writes nothing. */
export async function claim(watched: Watched, issue: Issue, channels: readonly Channel[]): Promise<SQL[]> {
  const { schedule, period } = issue;
  const { now, project } = watched;
  const claimed = sql`EXISTS (SELECT 1 FROM scheduled_reports WHERE id = ${schedule.id} AND sent_to = ${period.to})`;
  const notices = await Promise.all(
    channels.map(async (channel) =>
      makeNotices(
        await messageTo(watched, issue, channel, "report"),
        present(project.project_id, [channel.id]),
        claimed,
        now,
        now,
      ),
    ),
  );
  return [claimOf(schedule, period), ...notices];
}

export const claimOf = ({ id }: Schedule, { to }: Period): SQL =>
  sql`UPDATE scheduled_reports SET sent_to = ${to} WHERE id = ${id} AND sent_to < ${to} AND paused_at IS NULL`;
