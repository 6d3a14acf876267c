/** What the reports are about: days, comparison, filters. */
import { COMPARISONS } from "../address.ts";
import { useNavigation } from "../navigation.ts";
import type { Scope } from "../scope.ts";
import { Remove } from "./icons.tsx";
import { Menu } from "./menu.tsx";
import { PeriodMenu } from "./period-menu.tsx";

const COMPARED = {
  previous: "vs. previous period",
  year: "vs. year before",
  none: "No comparison",
} as const satisfies Record<(typeof COMPARISONS)[number], string>;

/** Fields of the address that narrow every report; each shows as a chip while it is set. */
const FILTERS = { banner_tag: "Tag" } as const;
type Filter = keyof typeof FILTERS;

export function Toolbar({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <div class="toolbar">
      <PeriodMenu scope={scope} />
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
      {(Object.keys(FILTERS) as Filter[]).map((filter) => {
        const value = address[filter];
        return (
          value !== undefined && (
            <span key={filter} class="chip">
              <span class="muted">{FILTERS[filter]} is</span> <strong>{value}</strong>
              <button
                type="button"
                aria-label={`Remove the filter ${FILTERS[filter]} is ${value}`}
                onClick={() => go({ [filter]: undefined })}
              >
                <Remove />
              </button>
            </span>
          )
        );
      })}
    </div>
  );
}

export const ToolbarSkeleton = () => (
  <div class="toolbar" aria-hidden="true">
    <div class="period">
      <span class="button square" />
      <span class="menu">
        <span class="button">
          <span class="bone">Last 0 days, 00 – 00 Mon 0000</span>
        </span>
      </span>
      <span class="button square" />
    </div>
    <span class="menu">
      <span class="button">
        <span class="bone">{COMPARED.previous}</span>
      </span>
    </span>
  </div>
);
