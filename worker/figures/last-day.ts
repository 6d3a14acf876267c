/** The last day on which a person was active, deposited or paid, under a filter. */
import type { Scope } from "./scopes.ts";
import type { LastDay, State } from "./state.ts";

/** The latest of these days, under all tags and under one tag; 0 where there is none. */
export function lastDay({ ways }: State, scope: Scope, tag: number, days: readonly LastDay[]) {
  const last = { ever: 0, tagged: 0 };
  for (const way of ways) {
    let date = 0;
    for (const day of days) if (way[day] > date) date = way[day];
    if (date <= last.tagged || !scope.fits(way)) continue;
    if (date > last.ever) last.ever = date;
    if (way.banner_tag === tag) last.tagged = date;
  }
  return last;
}
