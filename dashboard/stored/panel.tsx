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
import { words } from "../words.ts";
import { storedCsv, storedReport, storedReports, TYPES, typeOf } from "./query.ts";

const figure = (
  name: Exclude<keyof AggregatedReport, "unconverted" | "stale">,
  title: string,
  kind: Column<AggregatedReport>["kind"],
  hint: string,
): Column<AggregatedReport> => ({ name, title, kind, hint });

const COLUMNS: readonly Column<AggregatedReport>[] = [
  figure("report_id", words.stored.report, "text", words.stored.itsTypeAndFirstDay),
  figure("players", words.common.visitors, "count", words.stored.distinctPeopleWithAnyEvent),
  figure("events", words.common.events, "count", words.stored.distinctEvents),
  figure("total_spins", words.common.spins, "count", words.stored.distinctEvents),
  figure("total_purchases", words.common.purchases, "count", words.stored.distinctEvents),
  {
    ...figure("avg_purchase", words.stored.averagePurchase, "average", words.stored.inUsdOfPurchasesWithAn),
    missing: ({ avg_purchase, total_purchases, unconverted }) =>
      avg_purchase === null && total_purchases > 0 ? unconverted : {},
  },
  { ...figure("most_spent_app", words.stored.topApp, "text", words.stored.theAppWithTheLargestSumOf), telling: true },
  {
    ...figure("revenue_usd", words.common.revenue, "money", words.stored.purchasesAndDepositsInUsd),
    missing: ({ unconverted }) => unconverted,
    summed: true,
  },
  figure("revision", words.common.version, "count", words.stored.goesUpWhenLateEventsOr),
  figure("generated_at", words.common.made, "time", words.stored.whenTheseFiguresWereMade),
];

export function StoredPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const type = typeOf(scope);
  return (
    <Panel
      name="stored"
      title={words.common.savedReports}
      actions={
        <>
          <Choices
            legend={words.stored.howLongAPeriodIs}
            options={TYPES}
            chosen={type}
            choose={(part) => go({ part: part === "daily" ? undefined : part }, "replace")}
          />
          <TableTools csv={{ url: storedCsv(scope), name: `reports_${type}.csv` }} />
        </>
      }
    >
      <p class="lead">{words.stored.createdWhenAPeriodEnds(scope.timezone)}</p>
      <PagedList
        name={words.common.savedReports}
        columns={COLUMNS}
        query={(cursor) => storedReports(scope, cursor)}
        keyOf={({ report_id }) => report_id}
        timezone={scope.timezone}
        press={({ report_id }) => ({ title: words.common.open(report_id), go: () => go({ search: report_id }) })}
        none={<p>{words.stored.noneYetTheFirstIsMadeWhenA}</p>}
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
      <Answered
        answer={answer}
        what={words.stored.reportInMessage}
        skeleton={<FactsSkeleton facts={values.length + 1} />}
      >
        {(found) => (
          <>
            <p class="lead">
              {words.stored.ofPeriod(
                periodText(found),
                scope.timezone,
                found.stale && <span class="badge warn">{words.stored.somethingCameLateThatIsNot}</span>,
              )}
            </p>
            <Facts
              facts={[
                ...values.map((column) => ({
                  name: column.name,
                  title: column.title,
                  hint: column.hint ?? "",
                  shown: column.show?.(found) ?? valueIn(column, found, scope.timezone),
                })),
                { name: "unconverted", title: words.stored.notConverted, shown: <Amounts of={found.unconverted} /> },
              ]}
            />
            <details>
              <summary>{words.stored.asJson}</summary>
              <Copied text={JSON.stringify(found, null, 2)} />
            </details>
          </>
        )}
      </Answered>
    </Dialog>
  );
}
