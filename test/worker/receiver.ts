/** The receiver in the tests of postbacks, and targets that send to it. */
import { env } from "cloudflare:test";
import { inject } from "vitest";
import type { ShownTarget } from "../../worker/admin/postback-target.ts";
import type { TryView } from "../../worker/admin/postback-tries.ts";
import { sendNotices } from "../../worker/channels/sending.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { sendDue } from "../../worker/postbacks/sending.ts";
import { postbacks } from "../../worker/projections/postbacks.ts";
import { advance } from "../../worker/projections/runner.ts";
import { metered } from "../../worker/store/budget.ts";
import type { Received, ReceiverAnswer } from "../receiver/answer.ts";
import { answerOf, call } from "./api.ts";
import { db, storedEvent } from "./log.ts";

/** So far in the future that nothing made at this time is due by the real clock: only the tests send it. */
export const LATER = Date.parse("2040-01-01T00:00:00Z");

let paths = 0;
/** An address that gives these answers in turn. */
export async function receiver(...answers: ReceiverAnswer[]): Promise<string> {
  const path = `/r${++paths}-${crypto.randomUUID()}`;
  await fetch(`${inject("receiver")}/control${path}`, { method: "PUT", body: JSON.stringify(answers) });
  return `${inject("receiver")}${path}`;
}
export async function received(address: string): Promise<Received[]> {
  const { origin, pathname } = new URL(address);
  return (await fetch(`${origin}/control${pathname}`)).json<Received[]>();
}

export const ask = (method: string, path: string, body?: unknown) => call(method, `/postbacks${path}`, body);

export const makeTarget = (project_id: string, given: Record<string, unknown>) =>
  answerOf<ShownTarget>("POST", "/postbacks", { project_id, name: "a receiver", event_types: ["deposit"], ...given });

/** Oldest first. */
export async function triesOf({ id }: { id: string }): Promise<TryView[]> {
  return (await (await ask("GET", `/${id}/log?limit=1000`)).json<{ rows: TryView[] }>()).rows.reverse();
}

type Given = Partial<StoredEvent> & Pick<StoredEvent, "project_id">;
/** Appends events to the log, without waking a duty. */
export const log = (...events: Given[]) =>
  append(
    db,
    events.map((event) => storedEvent({ event_type: "deposit", player_id: "p", banner_tag: "tag", ...event })),
  );

/** Runs the reader of the log to its end. */
export async function read(now = LATER): Promise<void> {
  while ((await advance(env, db, postbacks, now)).behind > 0);
}

/** One invocation of the object that sends, like after a restart: all its state is in the database. */
async function invoke(send: typeof sendDue, duty: "postbacks" | "notices", id: string, now: number) {
  const { env: bindings, budget } = metered(env, duty);
  const progress = await send(
    bindings,
    db,
    id,
    budget,
    () => now,
    () => 0,
  );
  return { progress, budget };
}
async function invokeToTheEnd(send: typeof sendDue, duty: "postbacks" | "notices", id: string, now: number) {
  for (;;) {
    const { progress } = await invoke(send, duty, id, now);
    if (progress !== "more") return progress;
  }
}
export const sendOnce = ({ id }: { id: string }, now = LATER) => invoke(sendDue, "postbacks", id, now);
export const sendAll = ({ id }: { id: string }, now = LATER) => invokeToTheEnd(sendDue, "postbacks", id, now);
/** Runs the object that sends to channels. */
export const sendNoticesTo = ({ id }: { id: string }, now: number) => invokeToTheEnd(sendNotices, "notices", id, now);
