/** The tags, countries and devices of bots, and the share of bots in all events with each. */
import type { Bots } from "../../worker/reports/bots.ts";
import { FIELD_TITLES } from "../address.ts";
import { FieldMark } from "../field-mark.tsx";
import { fieldValue } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Choices, panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { type By, botsBy, botsByCsv, byOf } from "./query.ts";

const TITLES: Record<By, string> = {
  banner_tag: words.common.tag,
  country: FIELD_TITLES.country,
  device: FIELD_TITLES.device,
};

type Row = NonNullable<Bots["by_value"]>[number];

function nameOf(by: By, value: string | null): string {
  if (by === "banner_tag") return value ?? words.common.withoutTag;
  return value === null ? words.common.unknown : fieldValue(by, value);
}

const columnsOf = (by: By): readonly Column<Row>[] => [
  {
    name: "value",
    title: TITLES[by],
    kind: "text",
    value: ({ value }) => nameOf(by, value),
    show: ({ value }) => (
      <span>
        {by !== "banner_tag" && <FieldMark field={by} value={value} />}
        {nameOf(by, value)}
      </span>
    ),
  },
  { name: "total", title: words.common.bots, kind: "count", share: true, phone: true },
  {
    name: "share",
    title: words.quality.shareOfBots,
    kind: "rate",
    value: ({ total, events }) => (events > 0 ? total / events : null),
    phone: true,
  },
  { name: "events", title: words.common.events, kind: "count" },
];

export const ValuesPanel = panel({
  name: "bots-by-value",
  title: words.quality.whereBotsCameFrom,
  query: botsBy,
  Show,
  Skeleton: ({ scope }) => <TableSkeleton columns={columnsOf(byOf(scope))} />,
  Actions,
  later: true,
});

function Actions({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  const by = byOf(scope);
  return (
    <>
      <Choices
        legend={words.common.groupBy}
        options={TITLES}
        chosen={by}
        choose={(name) => go({ group_by: name === "banner_tag" ? undefined : name }, "replace")}
      />
      <TableTools csv={{ url: botsByCsv(scope), name: `${fileNameOf(null, scope, "bots", by)}.csv` }} />
    </>
  );
}

function Show({ data, scope }: { data: Awaited<ReturnType<ReturnType<typeof botsBy>["ask"]>>; scope: Scope }) {
  const { go } = useNavigation();
  const { by } = data;
  return (
    <DataTable
      name={words.quality.whereBotsCameFrom}
      columns={columnsOf(by)}
      rows={data.by_value ?? []}
      keyOf={({ value }) => value ?? ""}
      timezone={scope.timezone}
      sort="-total"
      total={{ value: null, total: data.total, events: data.events }}
      press={({ value }) =>
        by === "banner_tag" && value !== null
          ? {
              title: words.common.showOnly(value),
              go: () => go({ view: "campaigns", banner_tag: [value] }),
            }
          : undefined
      }
      none={<p>{words.quality.noBotWasSeenInThisPeriod}</p>}
      aside
    />
  );
}
