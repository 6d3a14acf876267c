/**
 * The events API: one event, an array, or `{"events":[…]}`. Each event is judged by itself; those that are taken are
 * all durable before the answer.
 */
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { v7 as uuidv7 } from "uuid";
import { type FieldError, readEvent, type StoredEvent, type WireEvent } from "../event.ts";
import { atLeast, reaches } from "../http/access.ts";
import { sha256 } from "../http/keys.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { log } from "../log.ts";
import { findProject, type Project } from "../project.ts";
import { checkSchema } from "../registry/check.ts";
import { note } from "../request-log/note.ts";
import type { Rejection } from "../request-log/rejection.ts";
import { openDatabase } from "../schema.ts";
import { erased, suppressed } from "../suppression.ts";
import { BODY_FAULTS, readSent } from "./body.ts";
import { commit } from "./group-commit.ts";
import { measure, messagesOf } from "./message.ts";
import { senderOf } from "./sender.ts";
import { stamp } from "./stamp.ts";
import { begin, finish } from "./unfinished.ts";

const EVENT_BYTES = 32 * 1024;
/** Seconds after which a sender may try again what could not be made durable. */
const RETRY_AFTER = "5";

export type EventResult =
  | { index: number; status: "accepted"; event_id: string; warnings?: FieldError[] }
  | { index: number; status: "rejected"; event_id: null; errors: FieldError[] };
export type BatchAnswer = { status: "accepted"; accepted: number; rejected: number; results: EventResult[] };
export type EventAnswer = { status: "accepted"; event_id: string; warnings?: FieldError[] };

type Read = { event: WireEvent; project: Project; warnings?: FieldError[] } | { errors: FieldError[] };

const refused = (field: string, code: FieldError["code"], message: string): Read => ({
  errors: [{ field, code, message }],
});

/** One event of the body, as far as it can be taken by this key. */
async function read(
  env: Env,
  principal: Principal,
  project_id: string | undefined,
  given: unknown,
  now: number,
): Promise<Read> {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return refused("event", "invalid", "event must be a JSON object");
  if (new TextEncoder().encode(JSON.stringify(given)).length > EVENT_BYTES)
    return refused("event", "too_large", "an event may have 32 KB");
  const reading = readEvent(Object.entries(given), "api", now);
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
  return judged(env, event, project, now);
}

/** What the project's schema for its type says of it. */
async function judged(env: Env, event: WireEvent, project: Project, now: number): Promise<Read> {
  const verdict = await checkSchema(env, project.project_id, event.event_type, event, now);
  if (verdict.status === "refused") return { errors: verdict.errors };
  return verdict.status === "warned" ? { event, project, warnings: verdict.errors } : { event, project };
}

/** Makes the events durable; one that came without an id gets its id here. */
async function store(
  c: Context<App>,
  text: string,
  taken: { event: WireEvent; project: Project }[],
  now: number,
): Promise<StoredEvent[]> {
  // A server sends for its players: its address and agent are not theirs.
  const { country, source_ip } = senderOf(c.req.raw);
  const sender = { country, source_ip, device: null, browser: null, os: null, referrer: null, user_agent: null };
  const withIds = (seed: string | null) =>
    taken.map(({ event, project }, index) =>
      stamp(seed === null || event.event_id ? event : { ...event, event_id: `${seed}.${index}` }, project, sender, now),
    );
  const events = withIds(null);
  const inParts = taken.some(({ event }) => event.event_id === undefined) && messagesOf(events.map(measure)).length > 1;
  if (!inParts) {
    await commit(c.env.EVENTS, events, c.var.request_id);
    return events;
  }
  const db = openDatabase(c.env.DB);
  const hash = await sha256(`${c.var.principal.key_id} ${text}`);
  const again = withIds(await begin(db, hash, uuidv7({ msecs: now }), now));
  await commit(c.env.EVENTS, again, c.var.request_id);
  await finish(db, hash);
  return again;
}

/** A refused event as the request log takes it: under the key's own project, else under the one that it names. */
function rejection(
  { project_id }: Principal,
  named: string | undefined,
  given: unknown,
  errors: FieldError[],
  at: number,
): Rejection {
  const sent = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  return {
    project_id: project_id ?? text(sent.project_id) ?? named ?? "default",
    door: "api",
    event_type: text(sent.event_type) ?? null,
    errors,
    sent: Object.entries(sent),
    at,
  };
}

async function collect(c: Context<App>) {
  const now = Date.now();
  const { principal } = c.var;
  const named = c.req.query("project_id");
  if (named !== undefined && !reaches(principal, named)) throw new Problem(403, "This key belongs to another project.");
  const { text, single, events } = await readSent(c.req.raw).catch((error) => {
    const code = error instanceof Problem ? BODY_FAULTS[error.status] : undefined;
    if (code !== undefined) {
      const fault: FieldError = { field: "body", code, message: String(error.message) };
      note(c.env, c.executionCtx, [rejection(principal, named, null, [fault], now)]);
    }
    throw error;
  });

  try {
    // One after another: the first reads the project and its schema, the others find them read.
    const readings: Read[] = [];
    for (const event of events) readings.push(await read(c.env, principal, named, event, now));
    const refusals = readings.flatMap((reading, index) =>
      "errors" in reading ? [rejection(principal, named, events[index], reading.errors, now)] : [],
    );
    const taken = readings.filter((reading) => "event" in reading);
    // Noted with the answer that tells of them: after a 503 the whole batch comes again.
    if (taken.length === 0) {
      note(c.env, c.executionCtx, refusals);
      return c.json(...noneTaken(readings as { errors: FieldError[] }[]));
    }
    const stored = (await store(c, text, taken, now))[Symbol.iterator]();
    note(c.env, c.executionCtx, refusals);
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
}

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

/** Any page may send: the key decides, and no cookie goes along. */
const fromPages = cors({
  origin: "*",
  allowMethods: ["POST"],
  allowHeaders: ["Authorization", "Content-Type", "Content-Encoding"],
  exposeHeaders: ["Retry-After", "X-Request-Id"],
  maxAge: 86_400,
});

export const eventRoutes = new Hono<App>().use("/events", fromPages).post("/events", atLeast("collect"), collect);
