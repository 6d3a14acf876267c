/** All projections. A new one is a file and a line here. */
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

/**
 * Groups run side by side, each in a Durable Object of its name; what is slow in one does not hold up another.
 * `linger` is how long, in milliseconds, a group waits after the first new event: what a longer wait gathers is
 * written once instead of event by event.
 */
export const GROUPS = {
  live: { linger: 0, projections: [live] },
  tables: {
    linger: 3_000,
    projections: [identities, daily, players, playerDays, payments, outcomes, changes, leaderboards],
  },
} as const satisfies Record<string, { linger: number; projections: readonly Projection[] }>;
export type Group = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as Group[];
export const PROJECTIONS: readonly Projection[] = Object.values(GROUPS).flatMap(
  (group) => group.projections as readonly Projection[],
);
