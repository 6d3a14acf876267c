/** What the reports are about: days, comparison, filters. */
import { COMPARISONS } from "../address.ts";
import { useNavigation } from "../navigation.ts";
import type { Scope } from "../scope.ts";
import type { ViewEntry } from "../views/index.ts";
import { FilterChips, FilterMenu } from "./filters.tsx";
import { Menu } from "./menu.tsx";
import { PeriodMenu } from "./period-menu.tsx";

const COMPARED = {
  previous: "vs. previous period",
  year: "vs. year before",
  weekday: "vs. same weekdays",
  none: "No comparison",
} as const satisfies Record<(typeof COMPARISONS)[number], string>;

export function Toolbar({ scope, entry }: { scope: Scope; entry: ViewEntry }) {
  return (
    <section class="toolbar" aria-label="Days and filters">
      <PeriodMenu scope={scope} />
      {!entry.uncompared && <ComparisonMenu />}
      {!entry.untagged && (
        <>
          <FilterMenu scope={scope} />
          <FilterChips />
        </>
      )}
    </section>
  );
}

function ComparisonMenu() {
  const { address, go } = useNavigation();
  return (
    <Menu label={`Comparison: ${COMPARED[address.compare]}`} button={<span>{COMPARED[address.compare]}</span>}>
      {(close) => (
        <ul class="menu-list">
          {COMPARISONS.map((compare) => (
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
      )}
    </Menu>
  );
}

/** As large as the toolbar will be: the filters, which stand in the address, are those of the toolbar already. */
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
        <Bone text="Filter" />
        <FilterChips />
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
