/** What players are worth over all history, by how much they spent. */
import { hasFields } from "../address.ts";
import { useNavigation } from "../navigation.ts";
import { NoRate } from "../no-rate.tsx";
import { panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { COLUMNS, type Group } from "./columns.tsx";
import { type Ltv, ltv } from "./query.ts";

export const LtvPanel = panel({
  name: "ltv",
  title: "Lifetime value",
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
    What players spent over all history, whatever the period. Segments are by USD.
    {hasFields(useNavigation().address) && " Of players whose first event fits the filters."}
  </p>
);

function Show({ data: { segments, total, timezone }, scope: { principal } }: { data: Ltv; scope: Scope }) {
  return (
    <>
      <Lead />
      <NoRate what="Spent" amounts={total.unconverted} principal={principal} />
      <DataTable<Group>
        name="Lifetime value"
        columns={COLUMNS}
        rows={
          total.players === 0 ? [] : segments.filter(({ segment, players }) => segment !== "unknown" || players > 0)
        }
        keyOf={({ segment }) => segment}
        timezone={timezone}
        sort="-average_spend"
        total={{ ...total, segment: "all" }}
        none={<p>There is no player yet. One is known once an event with a player_id came.</p>}
        aside
      />
    </>
  );
}
