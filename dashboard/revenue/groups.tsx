/** Revenue by day, or by what it is grouped by. */
import { justTag } from "../address.ts";
import { dateText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { columnsOf, DAYS } from "./columns.ts";
import { groupIn } from "./panel.tsx";
import { GROUPS, type Group, groupOf, type Revenue, revenue, revenueCsv } from "./query.ts";
import { byGroup, type Summed, summed } from "./sums.ts";

export const GroupsPanel = panel({
  name: "revenue-groups",
  title: words.revenue.inNumbers,
  query: revenue,
  Show,
  Skeleton: () => <TableSkeleton columns={DAYS} />,
  Actions: ({ scope }) => (
    <TableTools
      {...(groupOf(scope) !== "none" && { find: words.revenue.find(words.inSentence(GROUPS[groupOf(scope)])) })}
      csv={{
        url: revenueCsv(scope),
        name: `${fileNameOf("revenue", scope, "revenue", scope.address.group_by)}.csv`,
        table: nameOf(groupOf(scope)),
      }}
    />
  ),
});

const nameOf = (group: Group): string =>
  group === "none" ? words.revenue.revenueByDay : words.revenue.revenueBy(words.inSentence(GROUPS[group]));

function Show({ data, scope }: { data: Revenue; scope: Scope }) {
  const { go } = useNavigation();
  const group = groupIn(data, scope);
  const none = <NoPayment />;
  if (group === "none")
    return (
      <DataTable
        name={nameOf(group)}
        columns={DAYS}
        rows={data.rows}
        keyOf={({ event_date, event_hour = "" }) => `${event_date} ${event_hour}`.trim()}
        timezone={data.timezone}
        sort="-event_date"
        total={{ ...data.total, event_date: data.from }}
        press={({ event_date }) =>
          data.from === data.to
            ? undefined
            : {
                title: words.revenue.showByHour(dateText(event_date)),
                go: () => go({ period: { from: event_date, to: event_date } }),
              }
        }
        none={none}
      />
    );
  return (
    <DataTable<Summed>
      name={nameOf(group)}
      columns={columnsOf(group)}
      rows={byGroup(data.rows, group)}
      keyOf={({ value }) => value ?? ""}
      timezone={data.timezone}
      sort="-amount"
      total={{ ...summed([], null), ...data.total, value: null, total: null }}
      press={({ value }) =>
        group === "currency" || value === null || scope.address[group].includes(value)
          ? undefined
          : {
              title: words.common.showOnly(value),
              go: () =>
                go({
                  ...(group === "banner_tag" ? justTag(value) : { [group]: [value] }),
                  search: undefined,
                  group_by: undefined,
                }),
            }
      }
      none={none}
    />
  );
}

function NoPayment() {
  const { go } = useNavigation();
  return (
    <>
      <p>{words.revenue.nothingWasPaidInThisPeriod}</p>
      <button type="button" class="button" onClick={() => go({ period: "30d" })}>
        {words.common.lookAtTheLast30Days}
      </button>
    </>
  );
}
