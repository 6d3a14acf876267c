/** The day or week of a leaderboard, with buttons to the one before and after. */
import { addDays, mondayOf } from "../../worker/calendar.ts";
import { periodText } from "../format.ts";
import { Earlier, Later } from "../icons.tsx";
import { useNavigation } from "../navigation.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";

const SEASONS = {
  daily: { first: (date: string) => date, days: 1 },
  weekly: { first: mondayOf, days: 7 },
} as const;

export function Season({ scope, board }: { scope: Scope; board: keyof typeof SEASONS }) {
  const { address, go } = useNavigation();
  const { first, days } = SEASONS[board];
  const from = first(address.date ?? scope.today);
  const latest = first(scope.today);
  const show = (date: string) => go({ date: date >= latest ? undefined : date });
  return (
    <p class="season">
      <button
        type="button"
        class="button square"
        aria-label={words.games.earlierSeason}
        onClick={() => show(addDays(from, -days))}
      >
        <Earlier />
      </button>
      <strong aria-live="polite">{periodText({ from, to: addDays(from, days - 1) })}</strong>
      <button
        type="button"
        class="button square"
        aria-label={words.games.laterSeason}
        disabled={from >= latest}
        onClick={() => show(addDays(from, days))}
      >
        <Later />
      </button>
      <span class="muted">{scope.timezone}</span>
    </p>
  );
}
