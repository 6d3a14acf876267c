/** How many people came back on each day after their first one, and what each cohort has been worth. */

import { justTag, onlyTag } from "../address.ts";
import { ComparisonNote, ComparisonSkeleton } from "../campaigns/comparison.tsx";
import { useNavigation } from "../navigation.ts";
import { NoRate } from "../no-rate.tsx";
import { Choices, panel } from "../panel.tsx";
import { bucketsOf } from "../period.ts";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { columnsOf } from "./columns.tsx";
import { type ComparedCohorts, comparedCohorts } from "./compared.ts";
import { heldBy } from "./earlier.ts";
import { COHORTS, type CohortRow, cohortOf, cohortsCsv } from "./query.ts";

const DAYS = [1, 3, 7, 14, 30, 60, 90];
const NONE = {
  players: 0,
  paying_users: 0,
  revenue: "0",
  net_amount: "0",
  revenue_per_player: null,
  unconverted: {},
  into: "USD",
  value: [],
  retention: DAYS.map((day) => ({ day, people: 0, active: 0, rate: null })),
};

export const RetentionPanel = panel({
  name: "cohorts",
  title: words.cohorts.retentionByCohort,
  query: comparedCohorts,
  Show,
  Skeleton: ({ scope }) => (
    <>
      <Lead />
      <ComparisonSkeleton scope={scope} />
      <TableSkeleton
        columns={columnsOf({ rows: [], total: NONE, interval: cohortOf(scope) }, false)}
        rows={bucketsOf(scope, cohortOf(scope)).length + 1}
      />
    </>
  ),
  Actions,
  later: true,
  zoned: true,
});

const TAGS = { together: words.common.allTags, banner_tag: words.common.byTag } as const;

function Actions({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <>
      <Choices
        legend={words.cohorts.cohortsOf}
        options={COHORTS}
        chosen={cohortOf(scope)}
        choose={(interval) => go({ interval }, "replace")}
      />
      {onlyTag(address) === undefined && (
        <Choices
          legend={words.common.tags}
          options={TAGS}
          chosen={address.group_by === "banner_tag" ? "banner_tag" : "together"}
          choose={(name) => go({ group_by: name === "banner_tag" ? name : undefined }, "replace")}
        />
      )}
      <TableTools
        csv={{
          url: cohortsCsv(scope),
          name: `${fileNameOf("cohorts", scope, "cohorts")}.csv`,
          table: words.common.cohorts,
        }}
      />
    </>
  );
}

const Lead = () => <p class="lead">{words.cohorts.shareOfNewVisitorsWhoWere}</p>;

const totalOf = ({ total, from }: Pick<ComparedCohorts, "total" | "from">): CohortRow => ({
  ...total,
  cohort: from,
  banner_tag: null,
});

function Show({ data, scope }: { data: ComparedCohorts; scope: Scope }) {
  const { principal } = scope;
  const { address, go } = useNavigation();
  const { held } = data;
  const total = totalOf(data);
  const heldRow = held && heldBy(held, data.interval);
  const byTag = data.rows.some((row) => "banner_tag" in row);
  const columns = columnsOf(data, byTag);
  return (
    <>
      <Lead />
      {data.campaigns && <ComparisonNote data={data.campaigns} scope={scope} />}
      <NoRate what={words.common.paid} amounts={data.total.unconverted} principal={principal} />
      <DataTable
        name={words.common.cohorts}
        columns={columns}
        rows={data.rows}
        keyOf={(row) => `${row.cohort}${byTag ? ` ${row.banner_tag ?? ""}` : ""}`}
        timezone={data.timezone}
        sort="cohort"
        leftOut={data.rows_left_out}
        total={total}
        {...(held &&
          heldRow && {
            before: {
              of: (row: CohortRow) =>
                row === total ? { current: totalOf(held.current), earlier: totalOf(held.earlier) } : heldRow(row),
              called: held.called,
            },
          })}
        press={({ banner_tag }) =>
          !banner_tag || address.banner_tag.includes(banner_tag)
            ? undefined
            : {
                title: words.common.showOnly(banner_tag),
                go: () => go({ ...justTag(banner_tag), group_by: undefined }),
              }
        }
        none={
          <>
            <p>{words.cohorts.nobodyCameForTheFirstTime}</p>
            <button type="button" class="button" onClick={() => go({ period: "182d" })}>
              {words.cohorts.lookAtTheLast6Months}
            </button>
          </>
        }
        aside
      />
    </>
  );
}
