/** Today, app by app. */
import { dateText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { type AppKpis, type Kpis, kpis, kpisCsv } from "./query.ts";

type Name = Exclude<keyof AppKpis, "app_id" | "unconverted" | "into">;
const figure = (name: Name, title: string, kind: "count" | "money" | "average", hint: string): Column<AppKpis> => ({
  name,
  title,
  kind,
  hint,
  ...(kind !== "count" && { currency: ({ into }: AppKpis) => into }),
});

const missing = ({ unconverted }: AppKpis) => unconverted;
const average = (name: "arpu" | "arppu", title: string, hint: string): Column<AppKpis> => ({
  ...figure(name, title, "average", hint),
  missing,
});

const COLUMNS: readonly Column<AppKpis>[] = [
  { name: "app_id", title: "App", kind: "text", value: ({ app_id }) => app_id ?? "(no app)" },
  figure("installs", "Installs", "count", "At most one per person"),
  figure("active_users", "Active", "count", "Distinct visitors with any event"),
  figure("new_players", "New", "count", "Visitors whose first day it is"),
  figure("paying_users", "Payers", "count", "Distinct people with a purchase or deposit"),
  figure("purchases", "Purchases", "count", "With an amount"),
  figure("deposits", "Deposits", "count", "With an amount"),
  { ...figure("revenue", "Revenue", "money", "Purchases and deposits"), missing, summed: true },
  average("arpu", "Revenue per active user", "Revenue over active visitors"),
  average("arppu", "Revenue per payer", "Revenue over payers"),
];

export const KpisPanel = panel({
  name: "kpis",
  title: "Apps",
  query: kpis,
  Show,
  Skeleton: () => (
    <>
      <p class="lead">
        <span class="bone">On 00 Mon 0000.</span>
      </p>
      <TableSkeleton columns={COLUMNS} rows={4} />
    </>
  ),
  Actions: ({ scope }) => <TableTools csv={{ url: kpisCsv(scope), name: `apps_${scope.today}.csv`, table: "Apps" }} />,
});

function Show({ data, scope }: { data: Kpis; scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <>
      <p class="lead">
        On {dateText(data.date)}, a day in {data.timezone}.
      </p>
      <DataTable
        name="Apps"
        columns={COLUMNS}
        rows={data.rows}
        keyOf={({ app_id }) => app_id ?? ""}
        timezone={scope.timezone}
        leftOut={data.rows_left_out}
        sort="-active_users"
        total={{ app_id: null, ...data.total }}
        press={({ app_id }) =>
          app_id === null || app_id === address.app
            ? undefined
            : { title: `Show the leaderboard of ${app_id}`, go: () => go({ app: app_id }) }
        }
        aside
        none={<p>Nothing happened today yet. An app's events name it by app_id.</p>}
      />
    </>
  );
}
