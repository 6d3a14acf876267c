/** The toolbar of the reports: days, comparison, filters. */

import { addDays, daysBetween } from "../../worker/calendar.ts";
import { COMPARISONS } from "../address.ts";
import { periodText } from "../format.ts";
import { Menu } from "../menu.tsx";
import { useNavigation } from "../navigation.ts";
import type { Period } from "../period.ts";
import type { Scope } from "../scope.ts";
import type { ViewEntry } from "../views.ts";
import { words } from "../words.ts";
import { Dates } from "./dates.tsx";
import { FilterChips, FilterMenu } from "./filters.tsx";
import { PeriodMenu } from "./period-menu.tsx";

const COMPARED = {
  previous: words.frame.vsPreviousPeriod,
  year: words.frame.vsSameDaysLastYear,
  weekday: words.frame.vsSameWeekdaysBefore,
  custom: words.frame.vsDaysOfYourOwn,
  none: words.frame.noComparison,
} as const satisfies Record<(typeof COMPARISONS)[number], string>;

export function Toolbar({ scope, entry }: { scope: Scope; entry: ViewEntry }) {
  return (
    <section class="toolbar" aria-label={words.frame.daysAndFilters}>
      <PeriodMenu scope={scope} />
      {!entry.uncompared && <ComparisonMenu scope={scope} />}
      {!entry.untagged && (
        <>
          <FilterMenu scope={scope} entry={entry} />
          <FilterChips entry={entry} />
        </>
      )}
    </section>
  );
}

function ComparisonMenu({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { compare, compare_from, compare_to } = address;
  const days = compare_from && compare_to ? { from: compare_from, to: compare_to } : undefined;
  const title = days ? words.frame.vs(periodText(days)) : COMPARED[compare];
  return (
    <Menu label={words.frame.comparison(title)} button={<span>{title}</span>}>
      {(close) => (
        <>
          <ul class="menu-list">
            {COMPARISONS.filter((compare) => compare !== "custom").map((compare) => (
              <li key={compare}>
                <button
                  type="button"
                  aria-pressed={compare === address.compare}
                  onClick={() => {
                    go({ compare });
                    close();
                  }}
                >
                  {COMPARED[compare]}
                </button>
              </li>
            ))}
          </ul>
          <Dates
            days={days ?? before(scope)}
            latest={scope.today}
            label={words.frame.compareWithTheseDays}
            choose={({ from, to }) => {
              go({ compare: "custom", compare_from: from, compare_to: to });
              close();
            }}
          />
        </>
      )}
    </Menu>
  );
}

/** The initial comparison: as many days, just before. */
const before = ({ from, to }: Period): Period => ({
  from: addDays(from, -daysBetween(from, to)),
  to: addDays(from, -1),
});

/** A placeholder with the toolbar's size: the filters are already known from the address. */
export const ToolbarSkeleton = ({ entry }: { entry: ViewEntry }) => (
  <div class="toolbar" aria-hidden="true" inert>
    <div class="period">
      <span class="button square" />
      <span class="menu">
        <span class="button">
          <span class="bone">Last 0 days, 00 – 00 Mon 0000</span>
        </span>
      </span>
      <span class="button square" />
    </div>
    {!entry.uncompared && <Bone text={COMPARED.previous} />}
    {!entry.untagged && (
      <>
        <Bone text={words.frame.filter} />
        <FilterChips entry={entry} />
      </>
    )}
  </div>
);

const Bone = ({ text }: { text: string }) => (
  <span class="menu">
    <span class="button">
      <span class="bone">{text}</span>
    </span>
  </span>
);
