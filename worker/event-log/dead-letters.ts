/**
 * Dead letters: what the consumer could not store. Either the queue gave up on a message after its retries, or an event can
 * never be stored as it is. Each is kept with its event, until somebody replays or discards it.
 */

import { type SQL, sql } from "drizzle-orm";
import type { EventMessage, StoredEvent } from "../event.ts";
import { type Database, transact } from "../store/database.ts";
import type { deadLetters } from "../store/schema.ts";
import { among } from "../store/sql.ts";
import { type Appended, append, NOTHING, standingOf, together } from "./append.ts";
import { eventsOfRemovedProjects, isOfRemovedProject } from "./removed-projects.ts";

export type DeadLetter = typeof deadLetters.$inferSelect;

/** What could not be stored: an event, or a message that holds none. */
export type Unstored = { event: StoredEvent | null; message?: unknown; error: string };

const ERROR_CHARACTERS = 1_000;
/** D1 takes values of up to 2 MB. */
const PARAMETER_CHARACTERS = 600_000;

/** A letter of a removed project has no project: only an administrator of all projects sees it. */
const PROJECT_OF_LETTER = sql`CASE WHEN NOT ${isOfRemovedProject(sql`(value ->> 0)`, sql`(value ->> '$[#-2]' ->> 'received_at')`)}
  THEN value ->> 0 END`;

/** Stores them as dead letters. An event that has a letter already gets no second one: its letter waits again. */
export async function keepDeadLetters(
  db: Database,
  unstored: readonly Unstored[],
  consumer: string,
  now: number,
): Promise<void> {
  let rows: unknown[] = [];
  let size = 0;
  const write = async () => {
    if (rows.length === 0) return;
    await transact(db, [
      sql`INSERT INTO dead_letters (project_id, event_id, event_type, standing, event, error, consumer, failed_at)
        SELECT ${PROJECT_OF_LETTER}, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, ${consumer}, CAST(${now} AS INTEGER)
        FROM json_each(${JSON.stringify(rows)}) WHERE true
        ON CONFLICT (project_id, event_id, standing) WHERE event_id IS NOT NULL DO UPDATE SET event = excluded.event, error = excluded.error,
          consumer = excluded.consumer, failed_at = excluded.failed_at, status = 'waiting', resolved_at = NULL`,
    ]);
    rows = [];
    size = 0;
  };
  for (const { event, message, error } of unstored) {
    const text = JSON.stringify(event ?? message ?? null);
    if (size + text.length > PARAMETER_CHARACTERS) await write();
    rows.push([
      event?.project_id ?? null,
      event?.event_id ?? null,
      event?.event_type ?? null,
      event ? standingOf(event) : 0,
      text,
      error.slice(0, ERROR_CHARACTERS),
    ]);
    size += text.length;
  }
  await write();
}

/** Whether an error is about the data itself, so that trying again is no use. */
export const isPoison = (error: unknown): boolean =>
  /SQLITE_(?:CONSTRAINT|MISMATCH|TOOBIG|RANGE)|malformed JSON|string or blob too big/i.test(String(error));

/** The events that were appended, those that can never be stored, and those for which there was no room. */
export type Taken = Appended & { unstored: Unstored[]; untried: StoredEvent[] };

/**
 * Appends the events that can be appended. Returns the others, each with its error, and those that were not tried because
 * there was no `room`. Throws where the log is down.
 */
export async function appendOrSetAside(
  db: Database,
  events: readonly StoredEvent[],
  room: () => boolean,
): Promise<Taken> {
  const strangers = await eventsOfRemovedProjects(db, events);
  const others = strangers.size === 0 ? events : events.filter((event) => !strangers.has(event));
  const taken = await appendOrHalve(db, others, room);
  const refused = [...strangers].map((event) => ({ event, error: "Its project was removed." }));
  return { ...taken, unstored: [...refused, ...taken.unstored] };
}

async function appendOrHalve(
  db: Database,
  events: readonly StoredEvent[],
  room: () => boolean,
  isPart = false,
): Promise<Taken> {
  if (!room()) return { ...NOTHING, unstored: [], untried: [...events] };
  try {
    return { ...(await append(db, events, !isPart)), unstored: [], untried: [] };
  } catch (error) {
    if (!isPoison(error)) throw error;
    const [only] = events;
    if (events.length === 1 && only)
      return { ...NOTHING, unstored: [{ event: only, error: String(error) }], untried: [] };
    // One bad event must not prevent the others from being stored: halve the batch until it is alone.
    const middle = Math.ceil(events.length / 2);
    const first = await appendOrHalve(db, events.slice(0, middle), room, true);
    const second = await appendOrHalve(db, events.slice(middle), room, true);
    return {
      ...together(first, second),
      unstored: [...first.unstored, ...second.unstored],
      untried: [...first.untried, ...second.untried],
    };
  }
}

/** The events without a waiting dead letter, so that each try of a batch finds further events that cannot be stored. */
export async function withoutWaitingLetters(db: Database, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const nameOf = (event: readonly string[]) => JSON.stringify(event);
  const ids = events.map(({ project_id, event_id }) => [project_id, event_id]);
  const waiting = await db.values<[string, string]>(sql`SELECT l.project_id, l.event_id
    FROM json_each(${JSON.stringify(ids)}) j JOIN dead_letters l
      ON l.project_id = j.value ->> 0 AND l.event_id = j.value ->> 1 AND l.status = 'waiting'`);
  const known = new Set(waiting.map(nameOf));
  return events.filter((_, index) => !known.has(nameOf(ids[index] as string[])));
}

/** The events of a message, or none where it is no list of events. */
export function eventsOf(message: unknown): StoredEvent[] | null {
  const events = (message as Partial<EventMessage> | null)?.events;
  return Array.isArray(events) && events.every((event) => typeof event === "object" && event !== null) ? events : null;
}

export type Replay = { id: number; status: "replayed" } | { id: number; status: "failed"; error: string };

/** Writes statements and the entry of the audit log in one transaction. */
export type WriteAudited = (statements: SQL[], results: readonly Replay[]) => Promise<void>;

/**
 * Appends the letters' events, then marks the letters in one transaction with the entry of the audit log. If that
 * transaction fails, the letters still wait; replaying them again changes nothing, because the log has the events already.
 */
export async function replay(
  db: Database,
  letters: readonly DeadLetter[],
  now: number,
  room: () => boolean,
  writeAudited: WriteAudited,
): Promise<Replay[]> {
  const readable = letters.filter((letter) => letter.event_id !== null);
  const events = readable.map((letter) => JSON.parse(letter.event) as StoredEvent);
  const { unstored, untried } = await appendOrSetAside(db, events, room);
  const failed = new Map([
    ...unstored.map(({ event, error }) => [event as StoredEvent, error] as const),
    ...untried.map((event) => [event, "Too many others cannot be stored; replay it again."] as const),
  ]);
  const errorOf = (letter: DeadLetter): string | undefined => {
    const index = readable.indexOf(letter);
    return index === -1 ? "It holds no event; edit it first." : failed.get(events[index] as StoredEvent);
  };
  const results = letters.map((letter): Replay => {
    const error = errorOf(letter);
    return error === undefined ? { id: letter.id, status: "replayed" } : { id: letter.id, status: "failed", error };
  });
  const done = results.filter(({ status }) => status === "replayed").map(({ id }) => id);
  await writeAudited([resolved(done, "replayed", now)], results);
  return results;
}

/** Marks the letters that still wait. */
export const resolved = (ids: readonly number[], status: "replayed" | "discarded", now: number): SQL =>
  sql`UPDATE dead_letters SET status = ${status}, resolved_at = CAST(${now} AS INTEGER)
    WHERE id ${among(ids)} AND status = 'waiting'`;
