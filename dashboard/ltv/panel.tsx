/** The lifetime value of players, by how much they spent. */
import { hasFields } from "../address.ts";
import { useNavigation } from "../navigation.ts";
import { NoRate } from "../no-rate.tsx";
import { panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { COLUMNS, type Group } from "./columns.tsx";
import { type Ltv, ltv } from "./query.ts";

export const LtvPanel = panel({
  name: "ltv",
  title: words.common.lifetimeValue,
  query: ltv,
  Show,
  Skeleton: () => (
    <>
      <Lead />
      <TableSkeleton columns={COLUMNS} rows={5} />
    </>
  ),
  later: true,
});

const Lead = () => (
  <p class="lead">
    {words.ltv.whatPlayersSpentOverAll}
    {hasFields(useNavigation().address) && words.ltv.ofPlayersWhoseFirstEvent}
  </p>
);

function Show({ data: { segments, total, timezone }, scope: { principal } }: { data: Ltv; scope: Scope }) {
  return (
    <>
      <Lead />
      <NoRate what={words.ltv.spent} amounts={total.unconverted} principal={principal} />
      <DataTable<Group>
        name={words.common.lifetimeValue}
        columns={COLUMNS}
        rows={
          total.players === 0 ? [] : segments.filter(({ segment, players }) => segment !== "unknown" || players > 0)
        }
        keyOf={({ segment }) => segment}
        timezone={timezone}
        sort="-average_spend"
        total={{ ...total, segment: "all" }}
        none={<p>{words.common.thereIsNoPlayerYetOneIs}</p>}
        aside
      />
    </>
  );
}
