/** All projections. A new one is a file and a line here. */
import { INTERVAL_MS } from "../archive/run.ts";
import { archive, archiveManifest, archiveSettings } from "./archive.ts";
import { changes } from "./changes.ts";
import { daily } from "./daily.ts";
import { identities } from "./identities.ts";
import { leaderboards } from "./leaderboards.ts";
import { live } from "./live.ts";
import { outcomes } from "./outcomes.ts";
import { payments } from "./payments.ts";
import { playerDays } from "./player-days.ts";
import { players } from "./players.ts";
import type { Projection } from "./projection.ts";

/** What is still in the queue when an interval closes. */
const GRACE_MS = 60_000;

/**
 * Groups run side by side, each in a Durable Object of its name; what is slow in one does not hold up another.
 * `linger` is how long, in milliseconds, a group waits after the first new event: what a longer wait gathers is
 * written once instead of event by event. The archive takes closed intervals, so it waits for the end of one.
 */
export const GROUPS = {
  live: { linger: () => 0, projections: [live] },
  tables: {
    linger: () => 3_000,
    projections: [identities, daily, players, playerDays, payments, outcomes, changes, leaderboards],
  },
  archive: {
    linger: (now) => INTERVAL_MS - (now % INTERVAL_MS) + GRACE_MS,
    projections: [archive, archiveManifest, archiveSettings],
  },
} as const satisfies Record<string, { linger: (now: number) => number; projections: readonly Projection[] }>;
export type Group = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as Group[];
export const PROJECTIONS: readonly Projection[] = Object.values(GROUPS).flatMap(
  (group) => group.projections as readonly Projection[],
);
