/** The funnel of each tag: how many of its people took each step, and went on. */
import type { Funnel, FunnelStep } from "../../worker/reports/funnel.ts";
import { isFiltered, justTag, NO_FILTERS } from "../address.ts";
import { words } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { funnelByTag, funnelCsv } from "./query.ts";

type Group = { banner_tag: string | null; steps: readonly FunnelStep[] };

const STEPS = ["visit", "registration", "first_deposit", "repeat_deposit"] as const;

/** How the way to a step from the one before is called, where there is little room. */
const PASSAGES: Record<string, string> = {
  registration: "Visit → reg.",
  first_deposit: "Reg. → first dep.",
  repeat_deposit: "First → repeat dep.",
};

const COLUMNS: readonly Column<Group>[] = [
  { name: "banner_tag", title: "Tag", kind: "text", value: ({ banner_tag }) => banner_tag ?? "(no tag)" },
  ...STEPS.flatMap((name, index): Column<Group>[] => {
    const of = ({ steps }: Group) => steps[index] as FunnelStep;
    const before = words(STEPS[index - 1] ?? "").toLowerCase();
    const people: Column<Group> = {
      name,
      title: words(name),
      kind: "count",
      hint: "Visitors",
      value: (row) => of(row).players,
    };
    if (index === 0) return [people];
    return [
      people,
      {
        name: `${name}_rate`,
        title: PASSAGES[name] ?? "",
        kind: "rate",
        hint: `Of those at the step before, ${before}`,
        value: (row) => of(row).rate_from_previous,
      },
      {
        name: `${name}_after`,
        title: `${PASSAGES[name]}, median`,
        kind: "duration",
        hint: `Since the ${before}: half of them were faster than this`,
        value: (row) => of(row).median_seconds_from_previous,
        optional: true,
      },
    ];
  }),
];

export const TagsPanel = panel({
  name: "funnel-tags",
  title: "By tag",
  query: funnelByTag,
  Show,
  Skeleton: () => <TableSkeleton columns={COLUMNS} />,
  Actions: ({ scope }) => (
    <TableTools
      find="Find a tag"
      columns={COLUMNS}
      csv={{ url: funnelCsv(scope), name: `${fileNameOf("funnel", scope, "funnel")}.csv` }}
    />
  ),
});

function Show({ data: { steps, groups = [], timezone }, scope: { address } }: { data: Funnel; scope: Scope }) {
  const { go } = useNavigation();
  const filtered = isFiltered(address);
  return (
    <DataTable<Group>
      name="Funnel by tag"
      columns={COLUMNS}
      rows={groups}
      keyOf={({ banner_tag }) => banner_tag ?? ""}
      timezone={timezone}
      sort="-visit"
      total={{ banner_tag: null, steps }}
      press={({ banner_tag }) =>
        banner_tag === null || address.banner_tag.includes(banner_tag)
          ? undefined
          : {
              title: `Show only ${banner_tag}`,
              go: () => go({ ...justTag(banner_tag), search: undefined }),
            }
      }
      none={
        <>
          <p>{filtered ? "Nothing in this period fits the filters." : "Nobody took a step in this period."}</p>
          <button type="button" class="button" onClick={() => go(filtered ? NO_FILTERS : { period: "30d" })}>
            {filtered ? "Clear filters" : "Look at the last 30 days"}
          </button>
        </>
      }
    />
  );
}
