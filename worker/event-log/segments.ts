/**
 * Appends events to the log in segments, once each: a segment of any length is one row. It is written only if what
 * the log knows of its ids and transactions has not changed since it was decided which events count. At first the log is
 * assumed to know nothing, which is nearly always true; after a conflict it is read.
 */
import type { StoredEvent } from "../event.ts";
import { type Appended, NOTHING, together } from "./append.ts";
import { type Decision, decide, NOTHING_KNOWN } from "./claims.ts";
import { askedOf, claiming, insertion, lookUp, type Written } from "./known.ts";

const EVENTS_A_SEGMENT = 100;
/** D1 takes values of up to 2 MB; the rest of the room is for what a character costs in UTF-8. */
const SEGMENT_CHARACTERS = 600_000;

/** About the characters of a number with what JSON adds. */
const NUMBER_CHARACTERS = 16;

/** Tries, in case other invocations append the same events at the same moment. */
const TRIES = 10;

/** Segments that are written in one call, as long as the log knows nothing of their events. */
const SEGMENTS_AT_ONCE = 10;

/** Events that the log has already, by id and standing, are not stored again. Events are stored in their order. */
export async function appendSegments(db: D1Database, events: readonly StoredEvent[]): Promise<Appended> {
  let all = NOTHING;
  const segments = [...segmentsOf(events)];
  for (let from = 0; from < segments.length; ) {
    const nextSegments = segments.slice(from, from + SEGMENTS_AT_ONCE);
    const appended = await appendUnknown(db, nextSegments);
    all = appended.reduce(together, all);
    from += appended.length;
    const refused = nextSegments[appended.length];
    if (!refused) continue;
    all = together(all, await appendKnown(db, refused));
    from++;
  }
  return all;
}

/** About the length of an event's text: only texts in it can be long. */
function lengthOf(event: StoredEvent): number {
  let length = 0;
  for (const value of Object.values(event)) length += typeof value === "string" ? value.length : NUMBER_CHARACTERS;
  return length;
}

function* segmentsOf(events: readonly StoredEvent[]): Generator<StoredEvent[]> {
  let segment: StoredEvent[] = [];
  let size = 0;
  for (const given of events) {
    // Events that an old version queued do not say whether they are trusted.
    const event = given.trusted === undefined ? { ...(given as StoredEvent), trusted: 0 as const } : given;
    const length = lengthOf(event);
    if (segment.length === EVENTS_A_SEGMENT || (size + length > SEGMENT_CHARACTERS && segment.length > 0)) {
      yield segment;
      segment = [];
      size = 0;
    }
    segment.push(event);
    size += length;
  }
  if (segment.length > 0) yield segment;
}

/** The outcome of the segments that were written: those before the first with an event that the log knows. */
async function appendUnknown(db: D1Database, segments: readonly StoredEvent[][]): Promise<Appended[]> {
  const decisions = segments.map((events) => ({ asked: askedOf(events), decision: decide(events, NOTHING_KNOWN) }));
  const writes = decisions.map(({ asked, decision }, place) => [
    insertion(db, asked, decision, NOTHING_KNOWN, place === 0),
    ...(decision.claims.length > 0 ? [claiming(db, decision)] : []),
  ]);
  const results = await db.batch<Written>(writes.flat());
  const appended: Appended[] = [];
  let next = 0;
  for (const [place, { decision }] of decisions.entries()) {
    const written = appendedOf(results[next], decision);
    if (written === null) break;
    appended.push(written);
    next += writes[place]?.length ?? 0;
  }
  return appended;
}

async function appendKnown(db: D1Database, events: readonly StoredEvent[]): Promise<Appended> {
  const asked = askedOf(events);
  for (let tries = 0; tries < TRIES; tries++) {
    const known = await lookUp(db, asked);
    const decision = decide(events, known);
    if (decision.rows.length === 0) return NOTHING;
    const [written] = await db.batch<Written>([
      insertion(db, asked, decision, known, true),
      ...(decision.claims.length > 0 ? [claiming(db, decision)] : []),
    ]);
    const appended = appendedOf(written, decision);
    if (appended) return appended;
  }
  throw new Error(`${events.length} events were not appended in ${TRIES} tries: others append the same ones.`);
}

/** Null where the segment was not written. */
function appendedOf(written: D1Result<Written> | undefined, { rows }: Decision): Appended | null {
  const { seq, taken } = written?.results[0] ?? {};
  if (seq === undefined || taken === undefined) return null;
  // Not read here: the projection of postbacks looks for targets in each run.
  const end = { first_seq: seq, last_seq: seq + rows.length - 1 };
  return { stored: rows.length, ...end, taken: { tables: taken, figures: taken }, has_targets: true };
}
