/** Revenue by what it is told apart by, or by day. */
import { justTag } from "../address.ts";
import { dateText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { columnsOf, DAYS } from "./columns.ts";
import { groupIn } from "./panel.tsx";
import { GROUPS, type Group, groupOf, type Revenue, revenue, revenueCsv } from "./query.ts";
import { byGroup, type Summed, summed } from "./sums.ts";

export const GroupsPanel = panel({
  name: "revenue-groups",
  title: "In numbers",
  query: revenue,
  Show,
  Skeleton: () => <TableSkeleton columns={DAYS} />,
  Actions: ({ scope }) => (
    <TableTools
      {...(groupOf(scope) !== "none" && { find: `Find ${GROUPS[groupOf(scope)].toLowerCase()}` })}
      csv={{
        url: revenueCsv(scope),
        name: `${fileNameOf("revenue", scope, "revenue", scope.address.group_by)}.csv`,
        table: nameOf(groupOf(scope)),
      }}
    />
  ),
});

const nameOf = (group: Group): string =>
  group === "none" ? "Revenue by day" : `Revenue by ${GROUPS[group].toLowerCase()}`;

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
                title: `Show ${dateText(event_date)} by hour`,
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
              title: `Show only ${value}`,
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
      <p>Nothing was paid in this period. Payments are events of the types purchase and deposit, with an amount.</p>
      <button type="button" class="button" onClick={() => go({ period: "30d" })}>
        Look at the last 30 days
      </button>
    </>
  );
}
