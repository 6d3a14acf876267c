/**
 * Appends events to the log in segments, once each: a segment is one row, whatever its length. It is written only if the log
 * still knows no more of its ids and transactions than was known when it was decided what becomes of each event: at
 * first nothing, which is nearly always so, else what the log then says.
 */
import type { StoredEvent } from "../event.ts";
import { bodyOf } from "../figures/segment.ts";
import { type Appended, NOTHING, together } from "./append.ts";
import { decide, NOTHING_KNOWN } from "./claims.ts";
import { askedOf, claiming, insertion, lookUp, type Written } from "./known.ts";

const EVENTS_A_SEGMENT = 100;
/** D1 takes values of up to 2 MB; the rest of the room is for what a character costs in UTF-8. */
const SEGMENT_CHARACTERS = 600_000;

/** A number and what JSON adds to it, about. */
const NUMBER_CHARACTERS = 16;

/** Tries against others who append the same events at the same moment. */
const TRIES = 10;

/** What the log has already, by id and standing, is not stored again. */
export async function appendSegments(db: D1Database, events: readonly StoredEvent[]): Promise<Appended> {
  let all = NOTHING;
  for (const some of segmentsOf(events)) all = together(all, await appendSegment(db, some));
  return all;
}

/** About the length of an event's text: what can be long in it is text. */
function lengthOf(event: StoredEvent): number {
  let length = 0;
  for (const value of Object.values(event)) length += typeof value === "string" ? value.length : NUMBER_CHARACTERS;
  return length;
}

function* segmentsOf(events: readonly StoredEvent[]): Generator<StoredEvent[]> {
  let some: StoredEvent[] = [];
  let size = 0;
  for (const event of events) {
    const length = lengthOf(event);
    if (some.length === EVENTS_A_SEGMENT || (size + length > SEGMENT_CHARACTERS && some.length > 0)) {
      yield some;
      some = [];
      size = 0;
    }
    some.push(event);
    size += length;
  }
  if (some.length > 0) yield some;
}

async function appendSegment(db: D1Database, events: readonly StoredEvent[]): Promise<Appended> {
  const asked = askedOf(events);
  let known = NOTHING_KNOWN;
  for (let tries = 0; tries < TRIES; tries++) {
    const decision = decide(events, known);
    if (decision.rows.length === 0) return NOTHING;
    const [written] = await db.batch<Written>([
      insertion(db, asked, decision, known, bodyOf(decision.rows)),
      ...(decision.claims.length > 0 ? [claiming(db, decision)] : []),
    ]);
    const { seq, taken } = written?.results[0] ?? {};
    if (seq !== undefined && taken !== undefined) {
      const stored = decision.rows.length;
      return { stored, first_seq: seq, last_seq: seq + stored - 1, taken };
    }
    known = await lookUp(db, asked);
  }
  throw new Error(`${events.length} events were not appended in ${TRIES} tries: others append the same ones.`);
}
