/**
 * How people come back: each active day with the one before it, over all tags and under each, so that distinct people
 * of any period are a sum; and who is active again so many days after the first.
 */
import { RETENTION_DAYS } from "../../projections/player-days.ts";
import { EVERYBODY } from "../changes.ts";
import type { Turn } from "./index.ts";

const OFFSETS: ReadonlySet<number> = new Set(RETENTION_DAYS);

export function countReturns({ state, event, tag, newDay, changes, sign }: Turn): void {
  const { date } = event;
  const before = state.active_by_tag.get(tag) ?? 0;
  state.active_by_tag.set(tag, date);
  if (!changes) return;
  if (before !== date) changes.day(tag, date).line("returns", 0).add(before, sign);
  if (!newDay) return;
  changes.day(EVERYBODY, date).line("returns", 0).add(state.date, sign);
  if (!OFFSETS.has(date - state.first_date)) return;
  for (const scope of [EVERYBODY, state.first_tag])
    changes.day(scope, date).line("retained", 0).add(state.first_date, sign);
}
