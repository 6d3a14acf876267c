/** Days on which a figure left its expected band, the newest first. */
import { addDays } from "../../worker/calendar.ts";
import { isFiltered, NO_FILTERS } from "../address.ts";
import { bucketLong, bucketShort, exact, titled } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Choices, panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { Course } from "./course.tsx";
import { type Anomalies, type Anomaly, anomalies, anomaliesCsv, daysLookedAt, MOST_DAYS } from "./query.ts";
import { KINDS, measureText, observedText } from "./words.ts";

/** In the order of the API, which sorts a day's anomalies by importance. */
type Ordered = Anomaly & { order: string };

const Severity = ({ severity }: Pick<Anomaly, "severity">) => (
  <span class={`badge ${severity === "high" ? "bad" : "warn"}`}>{titled(severity)}</span>
);

const COLUMNS: readonly Column<Ordered>[] = [
  {
    name: "banner_tag",
    title: words.common.tag,
    kind: "text",
    value: ({ banner_tag }) => banner_tag ?? words.common.allTags,
  },
  {
    name: "event_date",
    title: words.common.day,
    kind: "date",
    value: ({ order }) => order,
    show: ({ event_date, days, complete }) => (
      <>
        <span title={bucketLong({ event_date })}>
          {days > 1
            ? words.anomalies.daysTo(
                bucketShort({ event_date: addDays(event_date, 1 - days) }),
                bucketShort({ event_date }),
              )
            : bucketShort({ event_date })}
        </span>
        {!complete && <span class="muted">{words.anomalies.untilNow}</span>}
      </>
    ),
  },
  {
    name: "observed",
    title: words.anomalies.whatHappened,
    kind: "text",
    value: observedText,
    show: (row) => (
      <>
        <Severity {...row} /> {observedText(row)}
      </>
    ),
  },
  { name: "kind", title: words.common.kind, kind: "text", value: ({ kind }) => KINDS[kind], optional: true },
  {
    name: "severity",
    title: words.anomalies.severity,
    kind: "text",
    show: (row) => <Severity {...row} />,
    optional: true,
  },
  {
    name: "measure",
    title: words.anomalies.ofMeasure,
    kind: "text",
    value: ({ measure }) => measureText(measure),
    optional: true,
  },
];

const keyOf = ({ event_date, measure, banner_tag }: Anomaly) => [event_date, measure, banner_tag ?? ""].join("|");

export const AnomaliesPanel = panel({
  name: "anomalies",
  title: words.common.anomalies,
  query: anomalies,
  Show,
  Skeleton: () => (
    <>
      <p class="lead" aria-hidden="true">
        <span class="bone">00 measures are watched</span>
      </p>
      <TableSkeleton columns={COLUMNS} rows={10} />
    </>
  ),
  Actions,
  zoned: true,
});

function Actions({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <>
      <Choices
        legend={words.anomalies.severity}
        options={{ all: words.common.all, high: words.anomalies.high, medium: words.anomalies.medium }}
        chosen={address.severity}
        choose={(severity) => go({ severity }, "replace")}
      />
      <TableTools
        find={words.common.findATag}
        columns={COLUMNS}
        csv={{ url: anomaliesCsv(scope), name: `${fileNameOf("anomalies", scope, "anomalies")}.csv` }}
      />
    </>
  );
}

function Show({ data: { rows, watched, timezone }, scope }: { data: Anomalies; scope: Scope }) {
  const { address, go } = useNavigation();
  const { severity } = address;
  const open = rows.find((row) => keyOf(row) === address.part);
  const ordered = rows.map((row, index): Ordered => ({ ...row, order: String(rows.length - index).padStart(6, "0") }));
  return (
    <>
      <p class="lead">
        {watched === 0
          ? words.anomalies.noMetricIsWatchedYet
          : words.anomalies.watchingMetricsForUnusual(exact(watched))}
        {daysLookedAt(scope).from > scope.from && words.anomalies.theseAreTheLastDaysOfThe(MOST_DAYS)}
      </p>
      <DataTable
        name={words.common.anomalies}
        columns={COLUMNS}
        rows={ordered.filter((row) => severity === "all" || row.severity === severity)}
        keyOf={keyOf}
        timezone={timezone}
        sort="-event_date"
        press={(row) => ({ title: words.anomalies.viewChart, go: () => go({ part: keyOf(row) }) })}
        none={<None watched={watched} others={rows.length > 0} scope={scope} />}
      />
      {open && <Course anomaly={open} watched={watched} scope={scope} close={() => go({ part: undefined })} />}
    </>
  );
}

function None({ watched, others, scope: { address } }: { watched: number; others: boolean; scope: Scope }) {
  const { go } = useNavigation();
  if (others)
    return (
      <>
        <p>{words.anomalies.noneOfThisSeverity}</p>
        <button type="button" class="button" onClick={() => go({ severity: "all" }, "replace")}>
          {words.anomalies.showAll}
        </button>
      </>
    );
  if (isFiltered(address))
    return (
      <>
        <p>{words.anomalies.noAnomaliesForTheseTagsIn}</p>
        <button type="button" class="button" onClick={() => go(NO_FILTERS)}>
          {words.common.clearFilters}
        </button>
      </>
    );
  return <p>{watched === 0 ? words.anomalies.stillLearningATagNeeds : words.anomalies.noAnomaliesInThisPeriod}</p>;
}
