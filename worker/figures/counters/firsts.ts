/**
 * People who are active on their first day, and who deposit on the day of their first deposit, each once, and once for each
 * app in which they do: under a tag, what they do for it, and the first deposit where that was for it, too.
 */
import { EVERYBODY } from "../changes.ts";
import type { Seen } from "../state.ts";
import { DEPOSIT, NONE } from "../words.ts";
import { APP_ID, cellKey, UNDIVIDED } from "./dimensions.ts";
import type { Turn } from "./index.ts";

/** The lines: whose first day this is, and who deposits first on it. */
export const FIRST_LINES = { day: 0, deposit: 1 } as const;

export function countFirsts(turn: Turn): void {
  const { state, event, tag } = turn;
  if (state.first_date === event.date) for (const scope of [EVERYBODY, tag]) add(turn, scope, FIRST_LINES.day);
  if (event.event_type !== DEPOSIT) return;
  const { deposit } = state.milestones;
  if (deposit !== null && deposit.date !== event.date) return;
  add(turn, EVERYBODY, FIRST_LINES.deposit);
  if (deposit === null || deposit.tag === tag) add(turn, tag, FIRST_LINES.deposit);
}

function add({ state, event, tag, newDay, changes, sign }: Turn, scope: number, line: number): void {
  if (!changes) return;
  const isAlike = ({ banner_tag, event_type }: Seen) =>
    (scope === EVERYBODY || banner_tag === tag) && (line === FIRST_LINES.day || event_type === DEPOSIT);
  const before = newDay ? [] : state.seen.filter(isAlike);
  const firsts = changes.day(scope, event.date).line("firsts", line);
  if (before.length === 0) firsts.add(cellKey(UNDIVIDED, NONE), sign);
  if (!before.some(({ app_id }) => app_id === event.app_id)) firsts.add(cellKey(APP_ID, event.app_id), sign);
}
