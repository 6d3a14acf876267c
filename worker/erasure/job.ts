/**
 * An erasure as a job: steps in a fixed order, each done in bounded pieces. A piece changes the database, notes what it
 * found and moves the job's place in one transaction. So a job can stop anywhere and continue, and two invocations at once
 * do nothing twice.
 */

import { type SQL, sql } from "drizzle-orm";
import { lostTurn } from "../archive/files.ts";
import type { Progress } from "../duties/duty.ts";
import { log } from "../log.ts";
import { type Database, transact } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { type Names, type Person, personOf } from "./names.ts";

/** The stores that may have something of a person; `mentions` are other people's events that name the person. */
export const STORES = [
  "events",
  "mentions",
  "identities",
  "players",
  "settled_players",
  "settled_touches",
  "leaderboards",
  "player_days",
  "settled_days",
  "activity",
  "payments",
  "lifetime_values",
  "figures",
  "conversions",
  "transactions",
  "retired_events",
  "dead_letters",
  "postbacks",
  "audit",
  "live",
  "requests",
  "archive",
] as const;
export type Store = (typeof STORES)[number];
export type Found = Record<Store, number>;
export const NOTHING = Object.fromEntries(STORES.map((store) => [store, 0])) as Found;

export type Job = {
  id: string;
  project_id: string;
  suppress: boolean;
  pass: number;
  step: string;
  /** The place where the step continues; null is its beginning. */
  place: unknown;
  moves: number;
  due_at: number;
  /** How many changes all erasures together had made when the job was read. */
  pieces: number;
  names: Names;
};
type Row = Omit<Job, "suppress" | "place" | "names"> & { suppress: number; place: string | null; names: string };

export type Work = { env: Env; db: Database; job: Job; person: Person; now: number };

/** `found` is how many rows a statement changes, or the number that another store returns. */
export type Change = { change?: SQL; found?: Store; total?: number };
export type Piece = {
  changes: Change[];
  /** The place where to continue; null is the end of the step. */
  place: unknown;
  /** The next step, if it is not the following one. */
  next?: string | undefined;
  /** Further columns of the job that change. */
  with?: SQL;
  /** Another erasure must end first: nothing is done. */
  wait?: true;
  /** The piece checks by itself that what it changes is as it was read; this runs where it was not. */
  lost?(): Promise<void>;
};
export type Step = { name: string; work(work: Work): Promise<Piece> };

const FINISHED = "finished";

/** The running ones, the oldest first. */
export async function running(db: Database, now: number): Promise<Job[]> {
  const rows = await db.all<Row>(
    sql`SELECT *, (SELECT pieces FROM renaming) AS pieces FROM erasures WHERE finished_at IS NULL AND due_at <= ${now} ORDER BY n`,
  );
  return rows.map(jobOf);
}

export async function readJob(db: Database, id: string): Promise<Job | null> {
  const row = await db.get<Row>(sql`SELECT *, (SELECT pieces FROM renaming) AS pieces FROM erasures
    WHERE id = ${id} AND finished_at IS NULL`);
  return row ? jobOf(row) : null;
}

const jobOf = (row: Row): Job => ({
  ...row,
  suppress: row.suppress === 1,
  place: row.place === null ? null : JSON.parse(row.place),
  names: JSON.parse(row.names) as Names,
});

/** Adds what the statement before it has changed, or a number. */
const tally = ({ id }: Job, { found, total }: Change): SQL => {
  const path = `$.${found}`;
  const more = total === undefined ? sql`changes()` : sql`CAST(${total} AS INTEGER)`;
  return sql`UPDATE erasures SET found = json_set(found, ${path}, ifnull(found ->> ${path}, 0) + ${more}) WHERE id = ${id}`;
};

/** Fails, and so does the transaction, if another run has moved the job meanwhile: NULL is not allowed. */
const move = ({ id, moves }: Job, step: string, place: unknown, also?: SQL): SQL =>
  sql`UPDATE erasures SET moves = CASE WHEN moves = ${moves} THEN moves + 1 END, step = ${step},
    place = ${place === null ? null : JSON.stringify(place)}, error = NULL ${also === undefined ? sql`` : sql`, ${also}`}
    WHERE id = ${id}`;

/** Fails if another erasure has changed anything since the job was read, as it may have changed the same texts. */
const alone = ({ pieces }: Job, { changes, lost }: Piece): SQL[] =>
  lost || !changes.some(({ change }) => change)
    ? []
    : [sql`UPDATE renaming SET pieces = CASE WHEN pieces = ${pieces} THEN pieces + 1 END`];

const lostRace = (error: unknown) =>
  lostTurn(error) || isGuarded(error, "erasures.moves", "renaming.generation", "renaming.pieces");

/** Does one piece. Returns whether there is more to do now. */
export async function advance(
  env: Env,
  db: Database,
  steps: readonly Step[],
  id: string,
  now: number,
): Promise<boolean> {
  const job = await readJob(db, id);
  if (!job || job.due_at > now) return false;
  const index = steps.findIndex(({ name }) => name === job.step);
  const step = steps[index] as Step;
  const piece = await step.work({ env, db, job, person: personOf(job.names), now });
  if (piece.wait) return false;
  const next = piece.next ?? (piece.place === null ? (steps[index + 1]?.name ?? FINISHED) : job.step);
  try {
    await transact(db, [
      move(job, next, piece.place, piece.with),
      ...alone(job, piece),
      ...piece.changes.flatMap((one) => [...(one.change ? [one.change] : []), ...(one.found ? [tally(job, one)] : [])]),
    ]);
  } catch (error) {
    await piece.lost?.().catch(() => undefined);
    throw error;
  }
  return true;
}

/** Without the query's parameters, which name the person. */
const reasonOf = (error: unknown): string => {
  const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return (reason instanceof Error ? reason.message : String(reason)).slice(0, 500);
};

/** Calls and statements of one piece at most, the note of a failure among them. */
const MOST_CALLS = 24;

/** Works on a job while there is `room` for another piece, or until it has to wait. The receipt has the last error. */
export async function run(
  env: Env,
  db: Database,
  steps: readonly Step[],
  id: string,
  room: (calls: number) => boolean,
): Promise<Progress> {
  while (room(MOST_CALLS)) {
    try {
      if (!(await advance(env, db, steps, id, Date.now()))) return "done";
    } catch (error) {
      if (lostRace(error)) continue;
      const reason = reasonOf(error);
      log("error", "erasure failed", { id, error: reason });
      // The database itself may fail.
      await db
        .run(sql`UPDATE erasures SET error = ${reason} WHERE id = ${id} AND finished_at IS NULL`)
        .catch(() => undefined);
      return "failed";
    }
  }
  return "more";
}
