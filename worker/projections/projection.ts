/** What a projection is: figures that one idempotent step derives from the event log. */
import type { SQL } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import type { Range, Repairs, Step } from "./resolve.ts";

type Named = {
  name: string;
  /** The projections that must have read an event before this one. Rebuilding one of them rebuilds this one. */
  after: readonly string[];
  /** Milliseconds that an event may wait for it; two minutes where absent. */
  patience?: number;
  /** Calls and statements of one step at most; `MOST_CALLS` where absent. */
  calls?: number;
};

/** How people's part of the figures is made again, as it is when the log ends at `asOf`. */
export type Attributed = {
  /** Subtracts what these people have added. */
  takeOut(people: NonNullable<Repairs>, asOf: number): SQL[];
  /** Adds what they add now, after `takeOut`. */
  putIn(people: NonNullable<Repairs>, asOf: number): SQL[];
};

/** Replaces what the people whose past a step changes have added. */
export const repaired = ({ takeOut, putIn }: Attributed, { repairs, after, upTo }: Step): SQL[] =>
  repairs === null ? [] : [...takeOut(repairs, after), ...putIn(repairs, upTo)];

/** Figures in tables: a step's writes run in one transaction with the move of the cursor. */
export type Tables = Named & {
  /** Whether a step must know whose past it changes. */
  aboutPeople: boolean;
  /** Further people who are counted again from their past, as rows of project_id and person. */
  repairs?(range: Range): SQL;
  apply(step: Step): SQL[];
  /** Present where figures depend on the attribution window. */
  attributed?: Attributed;
  /** What empties the tables for a rebuild. */
  clear(): SQL[];
};

/** A range, with the epoch that was read together with the cursor: it increases whenever the projection begins again. */
export type Delivered = Range & { epoch: number };

/** Figures in another store. Events are delivered before the cursor moves, so it must recognise events that it already has. */
export type Delivery = Named & {
  /** The last event of the step, for at most `calls` calls; where absent, the step takes the whole range. */
  reach?(db: Database, range: Range, now: number, calls: number): Promise<number>;
  /**
   * Returns the statements for the transaction that moves the cursor; null where the range takes further steps, and this
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
  /** The last event of the step. */
  reach(env: Env, db: Database, range: Range, now: number): Promise<number>;
  count(db: Database, range: Range, now: number): Promise<D1PreparedStatement[]>;
  /** What empties the tables for a rebuild. */
  clear(): SQL[];
};

export type Projection = Tables | Counted | Delivery;
