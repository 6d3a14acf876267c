/**
 * A body of events: one event, an array, or `{"events":[…]}`. Each event is judged separately. All accepted events are
 * durable before the answer.
 */
import type { Context } from "hono";
import { v7 as uuidv7 } from "uuid";
import { EVENT_BYTES, type FieldError, type ImportedEvent, type StoredEvent } from "../event.ts";
import { readEvent } from "../event-reading.ts";
import { isNumber } from "../exact-json.ts";
import { reaches } from "../http/access.ts";
import { sha256 } from "../http/keys.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { log } from "../log.ts";
import { findProject, type PlacedProject, type Project } from "../project.ts";
import { commit } from "../queue/group-commit.ts";
import { measure, messagesOf } from "../queue/message.ts";
import { outletOf } from "../queue/outlet.ts";
import { checkSchema } from "../registry/check.ts";
import type { Rejection } from "../request-log/rejection.ts";
import { mainDatabaseOf } from "../store/database.ts";
import { MAIN, onShard } from "../store/shards.ts";
import { erased, suppressed } from "../suppression.ts";
import { BODY_FAULTS, readSent } from "./body.ts";
import { recordFailedBatch, takeFailedBatch } from "./failed-batches.ts";
import type { Sender } from "./sender.ts";
import { storedEvent } from "./stored-event.ts";

/** Characters of a digest: 128 bits, which leave room in an id for the event's place in its batch. */
const SEED_CHARACTERS = 32;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** The sender's name for a request, by which it can be sent again; null where it has none. */
function idempotencyKey(request: Request): string | null {
  const key = request.headers.get("idempotency-key");
  if (key !== null && !IDEMPOTENCY_KEY.test(key))
    throw Problem.of("Idempotency-Key", "Idempotency-Key must have 1 to 255 visible ASCII characters");
  return key;
}

/** Seconds after which a sender may try again, if events could not be made durable. */
const RETRY_AFTER = "5";

export type EventResult =
  | { index: number; status: "accepted"; event_id: string; warnings?: FieldError[] }
  | { index: number; status: "rejected"; event_id: null; errors: FieldError[] };
export type BatchAnswer = { status: "accepted"; accepted: number; rejected: number; results: EventResult[] };
export type EventAnswer = { status: "accepted"; event_id: string; warnings?: FieldError[] };

export type Refusal = Omit<Rejection, "door">;

/** The differences between the routes with such a body. */
export type Entrance = {
  door: "api" | "import";
  /** Who sent an event, and whether that was a bot. */
  sender(request: Request, event: ImportedEvent, project: Project): Sender & Pick<StoredEvent, "bot">;
  /** Called with the refused events if the answer names them; not with a 503, after which the whole batch comes again. */
  refused(c: Context<App>, refusals: readonly Refusal[]): void;
};

type Admitted = { event: ImportedEvent; project: PlacedProject; warnings?: FieldError[] };
/** An event with its place in the body. */
type Taken = Admitted & { index: number };
type Read = Admitted | { errors: FieldError[] };

const refused = (field: string, code: FieldError["code"], message: string): Read => ({
  errors: [{ field, code, message }],
});

/** One event of the body, after the checks of fields and of the key. */
async function read(
  env: Env,
  door: Entrance["door"],
  principal: Principal,
  project_id: string | undefined,
  given: unknown,
  now: number,
): Promise<Read> {
  if (typeof given !== "object" || given === null || Array.isArray(given) || isNumber(given))
    return refused("event", "invalid", "event must be a JSON object");
  if (new TextEncoder().encode(JSON.stringify(given)).length > EVENT_BYTES)
    return refused("event", "too_large", "an event may have 32 KB");
  const reading = readEvent(Object.entries(given), door, now);
  if (!reading.ok) return { errors: reading.errors };
  const { event } = reading;
  const named = event.project_id ?? project_id ?? principal.project_id ?? "default";
  if (!reaches(principal, named)) return refused("project_id", "not_allowed", "this key belongs to another project");
  const tags = principal.banner_tags;
  if (tags && (event.banner_tag === undefined || !tags.includes(event.banner_tag))) {
    return refused("banner_tag", "not_allowed", "this key is limited to other banner tags");
  }
  const project = await findProject(env, named, now);
  if (!project) return refused("project_id", "unknown_project", `there is no project ${named}`);
  const gone = await suppressed(env, named, event, now);
  if (gone) return { errors: [erased(gone)] };
  return judged(env, event, project, reading.warnings, now);
}

/** The faults that the project's schema for its type finds. */
async function judged(
  env: Env,
  event: ImportedEvent,
  project: PlacedProject,
  doubts: readonly FieldError[],
  now: number,
): Promise<Read> {
  const verdict = await checkSchema(env, project.project_id, event.event_type, event, now);
  if (verdict.status === "refused") return { errors: verdict.errors };
  const warnings = [...doubts, ...(verdict.status === "warned" ? verdict.errors : [])];
  return { event, project, ...(warnings.length > 0 && { warnings }) };
}

/** Makes the events durable; one that came without an id gets its id here. */
async function store(
  c: Context<App>,
  text: string,
  taken: readonly Taken[],
  sender: Entrance["sender"],
  now: number,
): Promise<StoredEvent[]> {
  const withIds = (seed: string | null) =>
    taken.map(({ event, project, index }) => {
      const named = seed === null || event.event_id ? event : { ...event, event_id: `${seed}.${index}` };
      return storedEvent(named, project, { ...sender(c.req.raw, event, project), trusted: 1 }, now);
    });
  const shardOfProject = new Map(taken.map(({ project }) => [project.project_id, project.shard]));
  const send = async (events: StoredEvent[]) => {
    const byShard = Map.groupBy(events, ({ project_id }) => shardOfProject.get(project_id) ?? MAIN);
    await Promise.all(
      [...byShard].map(([shard, ofShard]) => commit(outletOf(onShard(c.env, shard)), ofShard, c.var.request_id)),
    );
    return events;
  };

  const content = `${c.var.principal.key_id} ${c.req.query("project_id") ?? ""} ${text}`;
  const key = idempotencyKey(c.req.raw);
  // Made from key and content only, so a request that repeats both gets the same ids, at any time and in any isolate.
  if (key !== null) return send(withIds((await sha256(`${key} ${content}`)).slice(0, SEED_CHARACTERS)));

  const events = withIds(null);
  const inParts = taken.some(({ event }) => event.event_id === undefined) && messagesOf(events.map(measure)).length > 1;
  if (!inParts) return send(events);
  const db = mainDatabaseOf(c.env);
  const hash = await sha256(content);
  const seed = (await takeFailedBatch(db, hash, now)) ?? uuidv7({ msecs: now });
  try {
    return await send(withIds(seed));
  } catch (error) {
    await recordFailedBatch(db, hash, seed, Date.now());
    throw error;
  }
}

/** A refused event, under the project of the key, else under the project that the event names. */
function refusal(
  { project_id }: Principal,
  named: string | undefined,
  given: unknown,
  errors: FieldError[],
  at: number,
): Refusal {
  const sent = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  return {
    project_id: project_id ?? text(sent.project_id) ?? named ?? "default",
    event_type: text(sent.event_type) ?? null,
    errors,
    sent: Object.entries(sent),
    at,
  };
}

/** The route's handler. */
export const through = (entrance: Entrance) => async (c: Context<App>) => {
  const now = Date.now();
  const { principal } = c.var;
  const named = c.req.query("project_id");
  if (named !== undefined && !reaches(principal, named)) throw new Problem(403, "This key belongs to another project.");
  const { text, single, events } = await readSent(c.req.raw).catch((error) => {
    const code = error instanceof Problem ? BODY_FAULTS[error.status] : undefined;
    if (code !== undefined) {
      const fault: FieldError = { field: "body", code, message: String(error.message) };
      entrance.refused(c, [refusal(principal, named, null, [fault], now)]);
    }
    throw error;
  });

  try {
    // One after another: the first reads the project and its schema, and the others use what it has read.
    const readings: Read[] = [];
    for (const event of events) readings.push(await read(c.env, entrance.door, principal, named, event, now));
    const refusals = readings.flatMap((reading, index) =>
      "errors" in reading ? [refusal(principal, named, events[index], reading.errors, now)] : [],
    );
    const taken = readings.flatMap((reading, index) => ("event" in reading ? [{ ...reading, index }] : []));
    if (taken.length === 0) {
      entrance.refused(c, refusals);
      return c.json(...noneTaken(readings as { errors: FieldError[] }[]));
    }
    const stored = (await store(c, text, taken, entrance.sender, now))[Symbol.iterator]();
    entrance.refused(c, refusals);
    const results = readings.map(
      (reading, index): EventResult =>
        "event" in reading
          ? {
              index,
              status: "accepted",
              event_id: (stored.next().value as StoredEvent).event_id,
              ...(reading.warnings && { warnings: reading.warnings }),
            }
          : { index, status: "rejected", event_id: null, errors: reading.errors },
    );
    if (single) {
      const { index: _, ...answer } = results[0] as Extract<EventResult, { status: "accepted" }>;
      return c.json(answer satisfies EventAnswer, 202);
    }
    const rejected = events.length - taken.length;
    return c.json({ status: "accepted", accepted: taken.length, rejected, results } satisfies BatchAnswer, 202);
  } catch (error) {
    if (error instanceof Problem) throw error;
    const { request_id } = c.var;
    log("error", "events not durable", { request_id, events: events.length, error: String(error) });
    throw new Problem(503, "The events could not be stored now. Please send them again.", {
      headers: { "retry-after": RETRY_AFTER },
    });
  }
};

function noneTaken(readings: { errors: FieldError[] }[]): [object, 400, Record<string, string>] {
  const results = readings.map(
    ({ errors }, index): EventResult => ({ index, status: "rejected", event_id: null, errors }),
  );
  const errors = readings.length === 1 ? { errors: readings[0]?.errors } : {};
  const body = {
    type: "about:blank",
    title: "Bad request",
    status: 400,
    detail: "No event was taken.",
    ...errors,
    results,
  };
  return [body, 400, { "content-type": "application/problem+json" }];
}
