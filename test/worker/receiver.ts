/** The other system in the tests of postbacks, and targets that tell it. */
import { env, SELF } from "cloudflare:test";
import { expect, inject } from "vitest";
import type { ShownTarget, TryView } from "../../worker/admin/postbacks.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { sendDue } from "../../worker/postbacks/sending.ts";
import { postbacks } from "../../worker/projections/postbacks.ts";
import { advance } from "../../worker/projections/runner.ts";
import { metered } from "../../worker/store/budget.ts";
import type { Received, ReceiverAnswer } from "../receiver/answer.ts";
import { ADMIN } from "./keys.ts";
import { db, storedEvent } from "./log.ts";

const HOST = "https://postbacks.example";

/** What is made at this time is due for nobody's own clock: only the tests send it. */
export const LATER = Date.parse("2040-01-01T00:00:00Z");

let paths = 0;
/** An address that answers so by turns. */
export async function receiver(...answers: ReceiverAnswer[]): Promise<string> {
  const path = `/r${++paths}-${crypto.randomUUID()}`;
  await fetch(`${inject("receiver")}/control${path}`, { method: "PUT", body: JSON.stringify(answers) });
  return `${inject("receiver")}${path}`;
}
export async function received(address: string): Promise<Received[]> {
  const { origin, pathname } = new URL(address);
  return (await fetch(`${origin}/control${pathname}`)).json<Received[]>();
}

export const ask = (method: string, path: string, body?: unknown) =>
  SELF.fetch(`${HOST}/api/v1/postbacks${path}`, {
    method,
    headers: ADMIN,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

export async function makeTarget(project_id: string, given: Record<string, unknown>): Promise<ShownTarget> {
  const answer = await ask("POST", "", { project_id, name: "a receiver", event_types: ["deposit"], ...given });
  expect(answer.status).toBe(201);
  return answer.json<ShownTarget>();
}

/** Oldest first. */
export async function triesOf({ id }: { id: string }): Promise<TryView[]> {
  return (await (await ask("GET", `/${id}/log?limit=1000`)).json<{ rows: TryView[] }>()).rows.reverse();
}

type Given = Partial<StoredEvent> & Pick<StoredEvent, "project_id">;
/** Into the log, without waking anybody. */
export const log = (...events: Given[]) =>
  append(
    db,
    events.map((event) => storedEvent({ event_type: "deposit", player_id: "p", banner_tag: "tag", ...event })),
  );

/** Has the reader read the log to its end. */
export async function read(now = LATER): Promise<void> {
  while ((await advance(env, db, postbacks, now)).behind > 0);
}

/** One invocation of the target's object, as after a restart: all that it knows is in the database. */
export async function sendOnce({ id }: { id: string }, now = LATER) {
  const { env: own, budget } = metered(env, "postbacks");
  const progress = await sendDue(
    own,
    db,
    id,
    budget,
    () => now,
    () => 0,
  );
  return { progress, budget };
}
export async function sendAll(target: { id: string }, now = LATER) {
  for (;;) {
    const { progress } = await sendOnce(target, now);
    if (progress !== "more") return progress;
  }
}
