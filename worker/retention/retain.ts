/**
 * Removes what a project no longer wants to keep, but no events that the archive or a projection has not read.
 *
 * The events of a day go in two steps. The day is *settled*: what its events add to their people is kept, and from then on
 * its figures stay as they are, even if a visitor becomes another player (see `resolve.ts`). Then its events are *swept*
 * from the log. Figures and archived events have separate settings.
 *
 * Each class of work takes one step in turn, and serves the projects in turn, so that none waits for the end of another.
 */
import { sql } from "drizzle-orm";
import { RESTORING } from "../archive/restoring.ts";
import type { Duty } from "../duties/duty.ts";
import { log } from "../log.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { sweepArchive } from "./archived.ts";
import { sweepEvents } from "./events.ts";
import { sweepFigures } from "./figures.ts";
import { type End, keepingProjects, lostPlace, Place, type Steps, type Work } from "./keeping.ts";
import { settle } from "./settle.ts";

/** A class of work from its place on; it can be begun again. */
const opened =
  <Value>(steps: (work: Work, place: Place<Value>) => Steps) =>
  (name: string, work: Work, text: string | null) => {
    const place = new Place<Value>(name, text);
    return () => steps(work, place);
  };

const CLASSES = {
  settled: opened(settle),
  events: opened(sweepEvents),
  figures: opened(sweepFigures),
  archive: opened(sweepArchive),
} as const;
type Class = keyof typeof CLASSES;
const NAMES = Object.keys(CLASSES) as Class[];

/** The place in the turns: the class that took a step last. */
const TURN = "turn";

type Open = { name: Class; begin(): Steps; steps: Steps; end: End | null };

export type Retained = {
  /** Days that were settled, and rows that were removed. */
  removed: Record<Class, number>;
  /** Classes with work that is due and not done: the next run continues it. */
  more: Class[];
  /** Classes with work that is due and cannot be done yet. */
  waiting: Class[];
};

/** Does what is due while the budget of the invocation lasts. */
export async function retain(env: Env, db: Database, now: number, left: () => boolean): Promise<Retained> {
  const removed: Retained["removed"] = { settled: 0, events: 0, figures: 0, archive: 0 };
  const keeping = await keepingProjects(db);
  if (keeping.length === 0) return { removed, more: [], waiting: [] };
  const state = await db.get<{ places: string; restoring: number }>(sql`SELECT ${RESTORING} AS restoring,
    (SELECT json_group_object(class, place) FROM retention_places) AS places`);
  if (state?.restoring) return { removed, more: [], waiting: NAMES };
  const places = JSON.parse(state?.places ?? "{}") as Record<string, string>;
  const turn = new Place<Class>(TURN, places[TURN] ?? null);
  const last = turn.value;

  const work: Work = { env, db, now, keeping };
  const classes = NAMES.map((name): Open => {
    const begin = CLASSES[name](name, work, places[name] ?? null);
    return { name, begin, steps: begin(), end: null };
  });
  /** Its events can be removed now. */
  const begunAgain = (name: Class) => {
    const one = classes.find((candidate) => candidate.name === name) as Open;
    if (one.end !== null) Object.assign(one, { steps: one.begin(), end: null });
  };
  const failures: unknown[] = [];
  let served: Class | null = null;
  for (let next = last === null ? 0 : NAMES.indexOf(last) + 1; classes.some(({ end }) => end === null); next++) {
    const one = classes[next % classes.length] as Open;
    if (one.end !== null) continue;
    if (!left()) break;
    try {
      const step = await one.steps.next();
      if (step.done) one.end = step.value;
      else {
        removed[one.name] += step.value;
        if (one.name === "settled" && step.value > 0) begunAgain("events");
      }
    } catch (error) {
      one.end = "waiting";
      // If another run does the same work, nothing is wrong. Otherwise the other classes continue without it.
      if (!lostPlace(error)) failures.push(error);
    }
    served = one.name;
  }
  const ended = (end: End | null) => classes.filter((one) => one.end === end).map(({ name }) => name);
  const more = ended(null);
  // The class to begin with next matters only if not all were finished.
  if (more.length > 0 && served !== null) await turn.move(db, served, now, []).catch(() => undefined);
  if (failures.length > 0) throw failures[0];
  return { removed, more, waiting: ended("waiting") };
}

/** Calls and statements of one step at most. */
const MOST_CALLS = 36;
const EVERY_MS = 60_000;

export const retention: Duty = {
  name: "retention",
  every: EVERY_MS,
  async run(env, budget, now) {
    const { removed, more, waiting } = await retain(env, databaseOf(env), now, () => budget.has(MOST_CALLS));
    if (waiting.length > 0) log("info", "retention waits", { classes: waiting.join(", ") });
    if (Object.values(removed).some((rows) => rows > 0)) log("info", "retained", removed);
    return more.length > 0 ? "more" : "done";
  },
};
