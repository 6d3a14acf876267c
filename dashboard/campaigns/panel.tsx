/** A row per banner tag: what it brought, how much of the total that is, and how it changed. */
import type { CampaignRow, Campaigns } from "../../worker/reports/campaigns.ts";
import { isFiltered, NO_FILTERS } from "../address.ts";
import { periodText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { COLUMNS, type Figures } from "./columns.ts";
import { campaigns, campaignsCsv } from "./query.ts";

export const CampaignsPanel = panel({
  name: "campaigns",
  title: "Campaigns",
  query: campaigns,
  Show,
  Skeleton: () => <TableSkeleton columns={COLUMNS} />,
  Actions: ({ scope }) => (
    <TableTools
      find="Find a tag"
      columns={COLUMNS}
      csv={{ url: campaignsCsv(scope), name: `campaigns_${scope.from}_${scope.to}.csv` }}
    />
  ),
});

function Show({ data, scope }: { data: Campaigns; scope: Scope }) {
  const { address, go } = useNavigation();
  const { currency, previous_period } = data;
  const figures = (row: CampaignRow): Figures => ({ ...row, currency });
  const total: CampaignRow = { ...data.total, banner_tag: TOTAL };
  const previous = new Map(
    [total, ...data.rows].flatMap(({ banner_tag, previous }) =>
      previous ? [[banner_tag, { ...previous, banner_tag, currency }] as const] : [],
    ),
  );
  return (
    <DataTable
      name="Campaigns"
      columns={COLUMNS}
      rows={data.rows.map(figures)}
      keyOf={({ banner_tag }) => banner_tag ?? ""}
      timezone={data.timezone}
      sort="-visits"
      total={figures(total)}
      {...(previous_period && {
        before: { of: ({ banner_tag }: Figures) => previous.get(banner_tag), called: periodText(previous_period) },
      })}
      press={({ banner_tag }) =>
        banner_tag === null || address.banner_tag.includes(banner_tag)
          ? undefined
          : {
              title: `Show only ${banner_tag}`,
              go: () => go({ ...NO_FILTERS, banner_tag: [banner_tag], search: undefined }),
            }
      }
      none={<None scope={scope} />}
    />
  );
}

/** As no tag is called: its characters are not allowed in one. */
const TOTAL = "\u001ftotal";

function None({ scope: { address } }: { scope: Scope }) {
  const { go } = useNavigation();
  const filtered = isFiltered(address);
  return (
    <>
      <p>{filtered ? "Nothing in this period fits the filters." : "No campaign brought anything in this period."}</p>
      <button type="button" class="button" onClick={() => go(filtered ? NO_FILTERS : { period: "30d" })}>
        {filtered ? "Remove the filters" : "Look at the last 30 days"}
      </button>
    </>
  );
}
