/** Messages of alerts and scheduled reports to the channels of their project: the channels that they name, and the answers. */

import * as z from "zod";
import { CHANNEL_KINDS, type Channel, channelsOf } from "../channels/channel.ts";
import type { Message } from "../channels/message.ts";
import { tell } from "../channels/sending.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";

/** Channels of one alert or scheduled report: a test sends to all of them at once. */
const MOST_CHANNELS = 5;
export const channelIds = z
  .array(z.string().max(64, "is no channel"))
  .max(MOST_CHANNELS, `must be ${MOST_CHANNELS} at most`);

const error = maybe.describe("Why it does not count as delivered.");
export const noticeFields = {
  channel_id: text,
  channel: maybe.describe("Its name; null where it was removed."),
  status: z.enum(["waiting", "sent", "dead"]),
  tries: whole,
  at: instant.describe("When it was sent or given up; while it waits, when the next try is due."),
  answer: z.int().nullable().describe("The status of the last answer; null where none came."),
  error,
};
export const triedChannels = z.array(
  z.object({
    channel_id: text,
    channel: text,
    kind: z.enum(CHANNEL_KINDS),
    taken: z.boolean(),
    status: z.int().nullable().describe("Of the answer; null where none came."),
    took_ms: whole,
    response: text.describe("How its body begins, 500 characters at most."),
    error,
  }),
);
export type TriedChannel = z.output<typeof triedChannels>[number];

/** Why these ids cannot be a project's channels; null where they can. */
export async function refusalOfChannels(
  db: Database,
  project_id: string,
  ids: readonly string[],
): Promise<string | null> {
  const known = new Set((await channelsOf(db, project_id)).map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  return unknown === undefined ? null : `has ${unknown}, which is no channel of ${project_id}`;
}

/** Sends a test to these channels of a project, and waits for all answers. */
export async function sendTest(
  env: Env,
  db: Database,
  { project_id, channels }: { project_id: string; channels: readonly string[] },
  messageTo: (channel: Channel) => Message | Promise<Message>,
  now: number,
): Promise<TriedChannel[]> {
  const receivers = (await channelsOf(db, project_id)).filter(({ id }) => channels.includes(id));
  return Promise.all(
    receivers.map(async (channel): Promise<TriedChannel> => {
      const { ok, ...answer } = await tell(env, channel, await messageTo(channel), now);
      return { channel_id: channel.id, channel: channel.name, kind: channel.kind, taken: ok, ...answer };
    }),
  );
}

/** The details of a test for the audit log: which channels accepted the message. */
export const takenBy = (sent: readonly TriedChannel[]) => ({
  taken: sent.filter(({ taken }) => taken).map(({ channel_id }) => channel_id),
});
