/** A row per banner tag: its figures, their share of the total, and how they changed. */
import type { CampaignRow, Campaigns } from "../../worker/reports/campaigns.ts";
import { isFiltered, justTag, NO_FILTERS } from "../address.ts";
import { useNavigation } from "../navigation.ts";
import { NoRate } from "../no-rate.tsx";
import { Choices, panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { COLUMNS, type Figures } from "./columns.ts";
import { ComparisonNote, ComparisonSkeleton, comparisonOf } from "./comparison.tsx";
import { campaigns, campaignsCsv } from "./query.ts";
import { titleOf, UnfoldBy, Within } from "./within.tsx";

export const CampaignsPanel = panel({
  name: "campaigns",
  title: words.common.campaigns,
  query: campaigns,
  Show,
  Skeleton: ({ scope }) => (
    <>
      {scope.address.view === "campaigns" && <ComparisonSkeleton scope={scope} />}
      <TableSkeleton columns={COLUMNS} />
    </>
  ),
  Actions,
});

const SORTED_BY = { value: words.campaigns.value, change: words.campaigns.change } as const;

function Actions({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <>
      {scope.address.view === "campaigns" && <UnfoldBy scope={scope} />}
      {address.compare !== "none" && (
        <Choices
          legend={words.campaigns.sortBy}
          options={SORTED_BY}
          chosen={address.sort_by}
          choose={(sort_by) => go({ sort_by }, "replace")}
        />
      )}
      <TableTools
        find={words.common.findATag}
        columns={COLUMNS}
        csv={{
          url: campaignsCsv(scope),
          name: `${fileNameOf("campaigns", scope, "campaigns")}.csv`,
          table: words.common.campaigns,
        }}
      />
    </>
  );
}

function Show({ data, scope }: { data: Campaigns; scope: Scope }) {
  const { address, go } = useNavigation();
  const { currency } = data;
  const figures = (row: CampaignRow): Figures => ({ ...row, currency });
  const total: CampaignRow = { ...data.total, banner_tag: TOTAL };
  const comparison = comparisonOf(data, scope);
  const compared = new Map(
    [total, ...data.rows].flatMap((row) => {
      const held = comparison?.of(row);
      const notCompared = { banner_tag: row.banner_tag, last_event_at: row.last_event_at, currency };
      return held
        ? [
            [
              row.banner_tag,
              { current: { ...held.current, ...notCompared }, earlier: { ...held.earlier, ...notCompared } },
            ] as const,
          ]
        : [];
    }),
  );
  return (
    <>
      {/* The overview shows the comparison below its cards. */}
      {scope.address.view === "campaigns" && (
        <>
          <ComparisonNote data={data} scope={scope} />
          <NoRate what={words.common.deposited} amounts={data.total.unconverted} principal={scope.principal} />
          <NoRate what={words.common.refunded} amounts={data.total.refunded_unconverted} principal={scope.principal} />
          <NoRate
            what={words.common.withdrawn}
            amounts={data.total.withdrawn_unconverted}
            principal={scope.principal}
          />
        </>
      )}
      <DataTable
        name={words.common.campaigns}
        columns={COLUMNS}
        rows={data.rows.map(figures)}
        keyOf={({ banner_tag }) => banner_tag ?? ""}
        timezone={data.timezone}
        sort="-visits"
        total={figures(total)}
        leftOut={data.rows_left_out}
        {...(scope.address.view === "campaigns" && {
          within: {
            title: (row: Figures) => titleOf(scope, row),
            rows: (row: Figures, columns: readonly Column<Figures>[]) => (
              <Within scope={scope} row={row} columns={columns} />
            ),
          },
        })}
        {...(comparison && {
          before: { of: ({ banner_tag }: Figures) => compared.get(banner_tag), called: comparison.called },
        })}
        press={({ banner_tag }) =>
          banner_tag === null || address.banner_tag.includes(banner_tag)
            ? undefined
            : {
                title: words.common.showOnly(banner_tag),
                go: () => go({ ...justTag(banner_tag), search: undefined }),
              }
        }
        {...(address.banner_tag_contains.length === 0 && {
          filter: (part: string) => go({ banner_tag_contains: [part], search: undefined }),
        })}
        none={<None scope={scope} />}
      />
    </>
  );
}

/** A key that no tag can have: its characters are not allowed in tags. */
const TOTAL = "\u001ftotal";

function None({ scope: { address } }: { scope: Scope }) {
  const { go } = useNavigation();
  const filtered = isFiltered(address);
  return (
    <>
      <p>{filtered ? words.common.noDataMatchesTheseFilters : words.campaigns.noCampaignTrafficInThis}</p>
      <button type="button" class="button" onClick={() => go(filtered ? NO_FILTERS : { period: "30d" })}>
        {filtered ? words.common.clearFilters : words.common.lookAtTheLast30Days}
      </button>
    </>
  );
}
