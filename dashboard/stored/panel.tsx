/** Reports of whole days, weeks and months, kept under an id once their period is over. */
import type { AggregatedReport } from "../../worker/reports/aggregates.ts";
import { Copied } from "../act/copied.tsx";
import { Dialog } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { Amounts, Facts, FactsSkeleton } from "../facts.tsx";
import { periodText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { PagedList } from "../table/list.tsx";
import { TableTools } from "../table/tools.tsx";
import { valueIn } from "../table/value.tsx";
import { storedCsv, storedReport, storedReports, TYPES, typeOf } from "./query.ts";

const figure = (
  name: Exclude<keyof AggregatedReport, "unconverted" | "stale">,
  title: string,
  kind: Column<AggregatedReport>["kind"],
  hint: string,
): Column<AggregatedReport> => ({ name, title, kind, hint });

const COLUMNS: readonly Column<AggregatedReport>[] = [
  figure("report_id", "Report", "text", "Its type and first day"),
  figure("players", "Visitors", "count", "Distinct people with any event"),
  figure("events", "Events", "count", "Distinct events"),
  figure("total_spins", "Spins", "count", "Distinct events"),
  figure("total_purchases", "Purchases", "count", "Distinct events"),
  {
    ...figure("avg_purchase", "Average purchase", "average", "In USD, of purchases with an amount and a rate"),
    missing: ({ avg_purchase, total_purchases, unconverted }) =>
      avg_purchase === null && total_purchases > 0 ? unconverted : {},
  },
  { ...figure("most_spent_app", "Top app", "text", "The app with the largest sum of purchases in USD"), telling: true },
  {
    ...figure("revenue_usd", "Revenue", "money", "Purchases and deposits, in USD"),
    missing: ({ unconverted }) => unconverted,
    summed: true,
  },
  figure("revision", "Version", "count", "Goes up when late events or rates change a figure"),
  figure("generated_at", "Made", "time", "When these figures were made"),
];

export function StoredPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const type = typeOf(scope);
  return (
    <Panel
      name="stored"
      title="Saved reports"
      actions={
        <>
          <Choices
            legend="How long a period is"
            options={TYPES}
            chosen={type}
            choose={(part) => go({ part: part === "daily" ? undefined : part }, "replace")}
          />
          <TableTools csv={{ url: storedCsv(scope), name: `reports_${type}.csv` }} />
        </>
      }
    >
      <p class="lead">
        Made once a period is over in {scope.timezone}, and again when something of it comes late. The latest first.
      </p>
      <PagedList
        name="stored reports"
        columns={COLUMNS}
        query={(cursor) => storedReports(scope, cursor)}
        keyOf={({ report_id }) => report_id}
        timezone={scope.timezone}
        press={({ report_id }) => ({ title: `Open ${report_id}`, go: () => go({ search: report_id }) })}
        none={<p>None yet: the first is made when a period with events is over.</p>}
      />
      {address.search !== undefined && (
        <ReportDialog scope={scope} report_id={address.search} close={() => go({ search: undefined })} />
      )}
    </Panel>
  );
}

function ReportDialog({ scope, report_id, close }: { scope: Scope; report_id: string; close: () => void }) {
  const answer = useAnswer(storedReport(scope, report_id));
  const values = COLUMNS.slice(1);
  return (
    <Dialog title={report_id} close={close} wide>
      <Answered answer={answer} what="report" skeleton={<FactsSkeleton facts={values.length + 1} />}>
        {(found) => (
          <>
            <p class="lead">
              {periodText(found)} in {scope.timezone}.{" "}
              {found.stale && <span class="badge warn">something came late that is not in it yet</span>}
            </p>
            <Facts
              facts={[
                ...values.map((column) => ({
                  name: column.name,
                  title: column.title,
                  hint: column.hint ?? "",
                  shown: column.show?.(found) ?? valueIn(column, found, scope.timezone),
                })),
                { name: "unconverted", title: "Not converted", shown: <Amounts of={found.unconverted} /> },
              ]}
            />
            <details>
              <summary>As JSON</summary>
              <Copied text={JSON.stringify(found, null, 2)} />
            </details>
          </>
        )}
      </Answered>
    </Dialog>
  );
}
