/** All projections. A new one needs a file, and a line here. */

import { hasArchive } from "../archive/attached.ts";
import { INTERVAL_MS } from "../archive/run.ts";
import { wakeTargets } from "../postbacks/sending.ts";
import type { Database } from "../store/database.ts";
import { MINUTE_MS } from "../time.ts";
import { archive, archiveManifest, archiveSettings } from "./archive.ts";
import { changes } from "./changes.ts";
import { conversions } from "./conversions.ts";
import { daily } from "./daily.ts";
import { figures } from "./figures.ts";
import { identities } from "./identities.ts";
import { leaderboards } from "./leaderboards.ts";
import { live } from "./live.ts";
import { outcomes } from "./outcomes.ts";
import { payments } from "./payments.ts";
import { playerDays } from "./player-days.ts";
import { players } from "./players.ts";
import { EVERY_MS as POSTBACKS_EVERY_MS, postbacks } from "./postbacks.ts";
import type { Projection } from "./projection.ts";
import { keepScopes } from "./scopes.ts";

/** For events that are still in the queue when an interval ends. */
const GRACE_MS = 60_000;

/** When a group runs that gathers events until somebody reads. */
export type Gathering = {
  /** It runs as soon as this many events wait for it. */
  events: number;
  /** For readers, unless it has run within this many milliseconds. */
  age: number;
};

export type GroupOf = {
  /** How often cron wakes it, in milliseconds: an event waits that long at most if nobody reads. */
  every: number;
  /** How long it waits after it was woken, in milliseconds. */
  linger(now: number): number;
  /** Absent where new events wake the group, or cron alone. */
  gathering?: Gathering;
  projections: readonly Projection[];
  /** Work after a run, with the rest of its budget. Returns whether all of it was done. */
  afterwards?(env: Env, db: Database, now: number): Promise<boolean>;
};

/**
 * Groups run at the same time, each in a Durable Object of its name, so a slow one delays no other. The tables and the
 * figures gather: an event that is written together with others costs a third to a half of what it costs alone
 * (docs/cost.md). The figures are a separate group, as they may have an old log to count. The archive takes closed
 * intervals, so it waits for the end of one.
 */
export const GROUPS = {
  live: { every: MINUTE_MS, linger: () => 0, projections: [live] },
  tables: {
    every: 60 * MINUTE_MS,
    linger: () => 0,
    gathering: { events: 500, age: 10_000 },
    projections: [identities, daily, players, playerDays, payments, outcomes, changes, leaderboards, conversions],
  },
  figures: {
    every: 60 * MINUTE_MS,
    linger: () => 0,
    gathering: { events: 500, age: 10_000 },
    projections: [figures],
    afterwards: keepScopes,
  },
  archive: {
    every: MINUTE_MS,
    linger: (now) => INTERVAL_MS - (now % INTERVAL_MS) + GRACE_MS,
    projections: [archive, archiveManifest, archiveSettings],
  },
  postbacks: {
    every: POSTBACKS_EVERY_MS,
    linger: () => 0,
    projections: [postbacks],
    afterwards: wakeTargets,
  },
} as const satisfies Record<string, GroupOf>;
export type Group = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as Group[];

/** Whether a group has something to do in this instance. */
export const runsIn = (env: Pick<Env, "ARCHIVE">, group: Group): boolean => group !== "archive" || hasArchive(env);

export const PROJECTIONS: readonly Projection[] = Object.values(GROUPS).flatMap(
  (group) => group.projections as readonly Projection[],
);

/** The projections that this instance has. */
export const projectionsOf = (env: Pick<Env, "ARCHIVE">): readonly Projection[] =>
  GROUP_NAMES.filter((group) => runsIn(env, group)).flatMap(
    (group) => GROUPS[group].projections as readonly Projection[],
  );
