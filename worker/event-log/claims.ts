/**
 * Which events the log keeps, and which of them count. An id is unique among trusted events, for which a key or a good
 * signature vouches, and among open ones, apart for tests and bots. Of the events with an id the trusted one counts; of
 * those with a transaction the first trusted one, else the first. The others are kept as duplicates. Tests and bots take no
 * transaction from what counts.
 */
import type { StoredEvent } from "../event.ts";
import { canCount, type Logged } from "../figures/segment.ts";
import { standingOf } from "./append.ts";

const OPEN = 1;
const TRUSTED = 3;

/** Where an event with an id is: its seq and its standing in one number, which pages of ids keep. */
export const placeOf = (seq: number, standing: number): number => seq * 4 + standing;
const seqAt = (place: number): number => Math.floor(place / 4);
const standingAt = (place: number): number => place % 4;

export const idKey = ({ project_id, event_id }: Pick<StoredEvent, "project_id" | "event_id">): string =>
  `${project_id} ${event_id}`;
type Transacting = Pick<StoredEvent, "project_id" | "event_type" | "transaction_id">;
export const transactionKey = ({ project_id, event_type, transaction_id }: Transacting): string =>
  JSON.stringify([project_id, event_type, transaction_id]);

/** The event that has a transaction: one of the log, or one of the events that are being decided. */
type Holder = { event_id: string; seq: number } | Row;

/** An event that is appended. */
export type Row = Logged & { standing: number };
const idOf = (holder: Holder): string => ("seq" in holder ? holder.event_id : holder.event.event_id);

/** What the log knows of the ids and transactions of some events. */
export type Known = {
  /** Places by `idKey`. */
  places: ReadonlyMap<string, readonly number[]>;
  /** By `transactionKey`, of trusted events and of open ones. */
  holders: readonly [open: ReadonlyMap<string, Holder>, trusted: ReadonlyMap<string, Holder>];
};

export const NOTHING_KNOWN: Known = { places: new Map(), holders: [new Map(), new Map()] };

export type Decision = {
  rows: Row[];
  /** The seq of earlier events that no longer count. */
  superseded: number[];
  /** Rows that take a transaction. */
  claims: Row[];
};

const NO_PLACES: readonly number[] = [];
const placeWith = (places: readonly number[], standing: number) =>
  places.find((place) => standingAt(place) === standing);
const rowWith = (rows: readonly Row[], standing: number) => rows.find((row) => row.standing === standing);
/** Whether the log, or these events, have one with the same id and this standing already. */
const isHere = (rows: readonly Row[], places: readonly number[], standing: number): boolean =>
  rowWith(rows, standing) !== undefined || placeWith(places, standing) !== undefined;

/** Decides which events count, in their order, from all that the log knows of their ids and transactions. */
export function decide(events: readonly StoredEvent[], known: Known): Decision {
  const decision: Decision = { rows: [], superseded: [], claims: [] };
  const byId = new Map<string, Row[]>();
  const holders = known.holders.map((holdersOf) => new Map(holdersOf)) as [Map<string, Holder>, Map<string, Holder>];
  const supersede = (open: Holder | undefined, by: string) => {
    if (open === undefined) return;
    if ("seq" in open) decision.superseded.push(open.seq);
    else open.duplicate_of ??= by;
  };

  for (const event of events) {
    const id = idKey(event);
    const standing = standingOf(event);
    const places = known.places.get(id) ?? NO_PLACES;
    const rows = byId.get(id) ?? [];
    if (isHere(rows, places, standing)) continue;
    const row: Row = { event, standing, duplicate_of: null };
    const twin = rowWith(rows, OPEN);
    if (standing === OPEN && isHere(rows, places, TRUSTED)) row.duplicate_of = event.event_id;
    rows.push(row);
    byId.set(id, rows);
    decision.rows.push(row);

    if (event.transaction_id !== null) {
      const key = transactionKey(event);
      const [open, trusted] = [holders[0].get(key), holders[1].get(key)];
      const holder = trusted ?? (event.trusted === 1 ? undefined : open);
      if (holder !== undefined) row.duplicate_of ??= idOf(holder);
      if (canCount(event) && !holders[event.trusted].has(key)) {
        holders[event.trusted].set(key, row);
        decision.claims.push(row);
        if (event.trusted === 1) supersede(open, event.event_id);
      }
    }
    if (standing !== TRUSTED) continue;
    const place = placeWith(places, OPEN);
    supersede(place === undefined ? twin : { event_id: event.event_id, seq: seqAt(place) }, event.event_id);
  }
  return decision;
}
