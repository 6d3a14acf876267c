/** Today's figures of each app. */
import { dateText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
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
  { name: "app_id", title: words.common.app, kind: "text", value: ({ app_id }) => app_id ?? words.games.noApp },
  figure("installs", words.games.installs, "count", words.games.atMostOnePerPerson),
  figure("active_users", words.common.active, "count", words.games.distinctVisitorsWithAny),
  figure("new_players", words.games.newWord, "count", words.games.visitorsWhoseFirstDayItIs),
  figure("paying_users", words.common.payers, "count", words.common.distinctPeopleWithA),
  figure("purchases", words.common.purchases, "count", words.games.withAnAmount),
  figure("deposits", words.common.deposits, "count", words.games.withAnAmount),
  { ...figure("revenue", words.common.revenue, "money", words.common.purchasesAndDeposits), missing, summed: true },
  average("arpu", words.games.revenuePerActiveUser, words.games.revenueOverActiveVisitors),
  average("arppu", words.games.revenuePerPayer, words.games.revenueOverPayers),
];

export const KpisPanel = panel({
  name: "kpis",
  title: words.games.apps,
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
  Actions: ({ scope }) => (
    <TableTools csv={{ url: kpisCsv(scope), name: `apps_${scope.today}.csv`, table: words.games.apps }} />
  ),
});

function Show({ data, scope }: { data: Kpis; scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <>
      <p class="lead">{words.games.onADayIn(dateText(data.date), data.timezone)}</p>
      <DataTable
        name={words.games.apps}
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
            : { title: words.games.showTheLeaderboardOf(app_id), go: () => go({ app: app_id }) }
        }
        aside
        none={<p>{words.games.nothingHappenedTodayYetAn}</p>}
      />
    </>
  );
}
