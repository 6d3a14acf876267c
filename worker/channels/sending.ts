/**
 * Sends due messages to one channel, as `postbacks/sending.ts` does to a target: each channel has a separate Durable Object, which
 * runs by its alarms. A try is recorded after its answer. If an invocation ends in between, the same message is sent again; a
 * receiver can recognize it by its `kind` and `subject`.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Progress } from "../duties/duty.ts";
import { senders, type Due as Waking, wakeDue } from "../duties/waking.ts";
import { log } from "../log.ts";
import { nextTryAt } from "../postbacks/ladder.ts";
import { type Outcome, send } from "../postbacks/send.ts";
import { type Budget, budgetOf } from "../store/budget.ts";
import type { Database } from "../store/database.ts";
import { type Channel, findChannel } from "./channel.ts";
import { KINDS, type Sending } from "./kinds.ts";
import { builderOf } from "./mail.ts";
import type { Message, NoticeKind } from "./message.ts";

/** The environment of an instance with a mail binding, see wrangler.toml. */
type Mailing = { EMAIL?: SendEmail };

/** Calls of a round: two reads and a write, the message itself, and the query for the time of the next one. */
const ROUND_CALLS = 5;

/** Messages are sent to a channel one at a time, and the end of an incident after its beginning. */
const due = (channel_id: string): SQL => sql`FROM notices n WHERE n.channel_id = ${channel_id} AND n.status = 'waiting'
  AND NOT (n.kind = 'ended' AND EXISTS (SELECT 1 FROM notices o WHERE o.channel_id = n.channel_id
    AND o.subject = n.subject AND o.kind = 'opened' AND o.status = 'waiting'))`;

const failed = (error: string): Outcome => ({ ok: false, status: null, took_ms: 0, response: "", error });

/** Only the code of an error is kept, since the service's message may name people. */
async function sendByBinding(
  env: Env & Mailing,
  channel: Channel & { kind: "email" },
  message: Message,
): Promise<Outcome> {
  if (env.EMAIL === undefined) return failed("this instance has no mail binding: see docs/alerts.md");
  const began = Date.now();
  try {
    await env.EMAIL.send(builderOf(channel.settings, message));
    return { ok: true, status: null, took_ms: Date.now() - began, response: "", error: null };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    return failed(typeof code === "string" ? `the mail binding refused it: ${code}` : "the mail binding refused it");
  }
}

const requestOf = ({ kind, settings }: Channel, message: Message, sending: Sending) =>
  // The settings fit the kind: they were checked when the channel was created.
  (
    KINDS[kind].request as (
      settings: unknown,
      message: Message,
      sending: Sending,
    ) => ReturnType<typeof KINDS.slack.request>
  )(settings, message, sending);

/** Sends one message now, and returns the outcome. */
export async function tell(env: Env, channel: Channel, message: Message, at: number): Promise<Outcome> {
  if (channel.kind === "email" && channel.settings.url === undefined) return sendByBinding(env, channel, message);
  const budget = budgetOf(env);
  const request = await requestOf(channel, message, { secret: channel.secret, at });
  return send((url, init) => budget.fetch(url, init), request, env.LOCAL === "1");
}

type Due = { subject: string; kind: NoticeKind; message: string; tries: number };

/** `clock` returns the time in epoch milliseconds, `chance` a random number from 0 to 1. */
export async function sendNotices(
  env: Env,
  db: Database,
  channel_id: string,
  budget: Budget,
  clock: () => number,
  chance: () => number = Math.random,
): Promise<Progress> {
  while (budget.has(ROUND_CALLS)) {
    const channel = await findChannel(db, channel_id);
    if (!channel) return "done";
    const now = clock();
    const [next] = await db.all<Due & { due_at: number }>(
      sql`SELECT n.subject, n.kind, n.message, n.tries, n.due_at ${due(channel_id)} ORDER BY n.due_at, n.subject, n.kind LIMIT 1`,
    );
    if (!next) return "done";
    if (next.due_at > now) return { at: next.due_at };
    const { ok, status, error } = await tell(env, channel, JSON.parse(next.message) as Message, now);
    const again = ok ? null : nextTryAt(next.tries + 1, now, chance());
    await db.run(sql`UPDATE notices SET tries = tries + 1, status = ${ok ? "sent" : again === null ? "dead" : "waiting"},
        due_at = CAST(${again ?? now} AS INTEGER), answer = ${status}, error = ${error}
      WHERE channel_id = ${channel_id} AND subject = ${next.subject} AND kind = ${next.kind} AND tries = ${next.tries}`);
    log(ok ? "info" : "warn", "notice sent", { channel_id, kind: channel.kind, taken: ok, tries: next.tries + 1 });
  }
  return "more";
}

export const channelSenders = senders("channel", "notices sending", sendNotices);

/** Wakes the channels that have due messages. False where the budget has no room for all of them. */
export const wakeChannels = (env: Env, db: Database, now: number): Promise<boolean> =>
  wakeDue(env, now, () =>
    db.all<Waking>(sql`SELECT ${channelSenders.nameOf("")} || c.id AS name, (SELECT n.due_at FROM notices n
        WHERE n.channel_id = c.id AND n.status = 'waiting' AND n.due_at <= ${now} ORDER BY n.due_at DESC LIMIT 1) AS due_at
      FROM channels c WHERE c.removed_at IS NULL AND due_at IS NOT NULL`),
  );
