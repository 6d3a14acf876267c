/** What a projection is: figures that one idempotent step derives from the event log. */
import type { SQL } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import type { Range, Repairs, Step } from "./resolve.ts";

type Named = {
  name: string;
  /** Whose cursors this one never overtakes. Rebuilding one of those rebuilds this one. */
  after: readonly string[];
  /** Milliseconds that an event may wait for it; two minutes where absent. */
  patience?: number;
  /** Calls and statements of one step at most; `MOST_CALLS` where absent. */
  calls?: number;
};

/** How people's share of the figures is made again, as it is when the log ends at `asOf`. */
export type Attributed = {
  /** Takes out what these people have added. */
  takeOut(people: NonNullable<Repairs>, asOf: number): SQL[];
  /** Puts in what they add now, after `takeOut`. */
  putIn(people: NonNullable<Repairs>, asOf: number): SQL[];
};

/** Replaces what the people whose past a step changes have added. */
export const repaired = ({ takeOut, putIn }: Attributed, { repairs, after, upTo }: Step): SQL[] =>
  repairs === null ? [] : [...takeOut(repairs, after), ...putIn(repairs, upTo)];

/** Figures in tables: a step's writes run in one transaction with the move of the cursor. */
export type Tables = Named & {
  /** Whether a step must know whose past it changes. */
  aboutPeople: boolean;
  /** People, beside those whose past a range changes, who are counted again by their past: rows of project_id and person. */
  repairs?(range: Range): SQL;
  apply(step: Step): SQL[];
  /** Present where figures depend on the attribution window. */
  attributed?: Attributed;
  /** What empties the tables for a rebuild. */
  clear(): SQL[];
};

/** Read together with the cursor: which beginning of the projection the events are handed over in. */
export type Delivered = Range & { epoch: number };

/** What another store keeps. Events are delivered before the cursor moves, so the receiver must recognise events that it already has. */
export type Delivery = Named & {
  /** Up to where it goes now, with so many calls at most; the whole range where absent. */
  reach?(db: Database, range: Range, now: number, calls: number): Promise<number>;
  /**
   * Gives what belongs into one transaction with the move of the cursor; null where the range takes more steps, and this
   * one has noted what it did.
   */
  deliver(env: Env, db: Database, range: Delivered, now: number): Promise<SQL[] | null>;
  /**
   * Empties the receiver after a new epoch has begun, but keeps what was delivered in that epoch. Absent where the receiver is a
   * record that is never rebuilt.
   */
  clear?(env: Env, db: Database, epoch: number): Promise<void>;
};

/** Figures that code counts: it reads what it needs, and its writes run in one transaction with the move of the cursor. */
export type Counted = Named & {
  /** Up to where it goes now. */
  reach(env: Env, db: Database, range: Range, now: number): Promise<number>;
  count(db: Database, range: Range, now: number): Promise<D1PreparedStatement[]>;
  /** What empties the tables for a rebuild. */
  clear(): SQL[];
};

export type Projection = Tables | Counted | Delivery;
