/** The funnel of each tag: how many of its people took each step, and the share that went on to the next. */
import type { Funnel } from "../../worker/reports/funnel.ts";
import { isFiltered, justTag, NO_FILTERS } from "../address.ts";
import { useNavigation } from "../navigation.ts";
import { panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { COLUMNS, type Group } from "./columns.ts";
import { funnelByTag, funnelCsv } from "./query.ts";

export const TagsPanel = panel({
  name: "funnel-tags",
  title: words.common.byTag,
  query: funnelByTag,
  Show,
  Skeleton: () => <TableSkeleton columns={COLUMNS} />,
  Actions: ({ scope }) => (
    <TableTools
      find={words.common.findATag}
      columns={COLUMNS}
      csv={{
        url: funnelCsv(scope),
        name: `${fileNameOf("funnel", scope, "funnel")}.csv`,
        table: words.funnel.funnelByTag,
      }}
    />
  ),
});

function Show({
  data: { steps, groups = [], groups_left_out = 0, timezone },
  scope: { address },
}: {
  data: Funnel;
  scope: Scope;
}) {
  const { go } = useNavigation();
  const filtered = isFiltered(address);
  return (
    <DataTable<Group>
      name={words.funnel.funnelByTag}
      columns={COLUMNS}
      rows={groups}
      keyOf={({ banner_tag }) => banner_tag ?? ""}
      timezone={timezone}
      leftOut={groups_left_out}
      sort="-visit"
      total={{ banner_tag: null, steps }}
      press={({ banner_tag }) =>
        banner_tag === null || address.banner_tag.includes(banner_tag)
          ? undefined
          : {
              title: words.common.showOnly(banner_tag),
              go: () => go({ ...justTag(banner_tag), search: undefined }),
            }
      }
      none={
        <>
          <p>{filtered ? words.common.noDataMatchesTheseFilters : words.funnel.nobodyTookAStepInThis}</p>
          <button type="button" class="button" onClick={() => go(filtered ? NO_FILTERS : { period: "30d" })}>
            {filtered ? words.common.clearFilters : words.common.lookAtTheLast30Days}
          </button>
        </>
      }
    />
  );
}
