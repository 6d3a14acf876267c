/** All tables of a period, each as in its view, as one file. */
import { columnsOf as breakdownColumns, broughtBy } from "../breakdown/columns.ts";
import { breakdown, DIMENSIONS, NAMES } from "../breakdown/query.ts";
import { COLUMNS as CAMPAIGNS } from "../campaigns/columns.ts";
import { campaigns } from "../campaigns/query.ts";
import { columnsOf as cohortColumns } from "../cohorts/columns.tsx";
import { cohorts } from "../cohorts/query.ts";
import { fieldValue } from "../format.ts";
import { COLUMNS as FUNNEL } from "../funnel/columns.ts";
import { funnelByTag } from "../funnel/query.ts";
import { COLUMNS as LTV } from "../ltv/columns.tsx";
import { ltv } from "../ltv/query.ts";
import { DAYS, columnsOf as revenueColumns } from "../revenue/columns.ts";
import { GROUPS, NAMES as REVENUE_NAMES, revenue } from "../revenue/query.ts";
import { byGroup } from "../revenue/sums.ts";
import type { Scope } from "../scope.ts";
import { columnsOf as trafficColumns } from "../sources/columns.tsx";
import { dimensionTitle } from "../sources/dimension.ts";
import { traffic } from "../sources/query.ts";
import { type Sheet, sheetOf } from "../table/sheet.ts";
import { columnsFor } from "../table/visible.ts";
import { words } from "../words.ts";
import { type Packed, zipOf } from "./zip.ts";

type Table = { name: string; read: (signal: AbortSignal) => Promise<string> };

const SIGNAL = new AbortController().signal;

function tablesOf(scope: Scope): Table[] {
  const { timezone } = scope;
  const amounts = !scope.principal.hide_amounts;
  const grouped = (group_by: string | undefined): Scope => ({ ...scope, address: { ...scope.address, group_by } });
  const table = <Row>(name: string, sheet: (signal: AbortSignal) => Promise<Omit<Sheet<Row>, "timezone">>) => ({
    name,
    read: async (signal: AbortSignal) => {
      const { columns, rows } = await sheet(signal);
      return sheetOf({ columns: columnsFor(columns, amounts), rows, timezone });
    },
  });
  return [
    table(words.inSentence(words.common.campaigns), async (signal) => {
      const { rows, currency } = await campaigns(scope).ask(signal);
      return { columns: CAMPAIGNS, rows: rows.map((row) => ({ ...row, currency })) };
    }),
    table(words.files.funnelByTag, async (signal) => {
      const { groups = [] } = await funnelByTag(scope).ask(signal);
      return { columns: FUNNEL, rows: groups };
    }),
    ...NAMES.map((dimension) =>
      table(words.inSentence(DIMENSIONS[dimension]), async (signal) => {
        const { rows } = await breakdown(grouped(dimension)).ask(signal);
        const heading = {
          name: dimension,
          title: DIMENSIONS[dimension],
          kind: "text" as const,
          value: ({ value }: { value: string | null }) =>
            value === null ? words.common.unknown : fieldValue(dimension, value),
        };
        return { columns: breakdownColumns(heading), rows: broughtBy(rows, dimension) };
      }),
    ),
    // Each of these reads the log, so only dimensions that no other table has are included.
    ...["referrer", "landing_page"].map((by) =>
      table(words.files.sourcesBy(words.inSentence(dimensionTitle(by))), async (signal) => {
        const { rows, currency } = await traffic(grouped(by)).ask(signal);
        return { columns: trafficColumns(by), rows: rows.map((row) => ({ ...row, currency })) };
      }),
    ),
    ...(amounts ? REVENUE_NAMES : []).map((group) =>
      group === "none"
        ? table(words.files.revenueByDay, async (signal) => {
            const { rows } = await revenue(grouped(undefined)).ask(signal);
            return { columns: DAYS, rows };
          })
        : table(words.files.revenueBy(words.inSentence(GROUPS[group])), async (signal) => {
            const { rows } = await revenue(grouped(group)).ask(signal);
            return { columns: revenueColumns(group), rows: byGroup(rows, group) };
          }),
    ),
    table(words.inSentence(words.common.cohorts), async (signal) => {
      const data = await cohorts(grouped(undefined)).ask(signal);
      return { columns: cohortColumns(data, false), rows: data.rows };
    }),
    ...(amounts
      ? [
          table(words.files.lifetimeValue, async (signal) => {
            const { segments } = await ltv(scope).ask(signal);
            return { columns: LTV, rows: segments };
          }),
        ]
      : []),
  ];
}

/** Tables that could not be read are named in a separate file, so that they are not mistaken for empty ones. */
export async function allTables(scope: Scope): Promise<Blob> {
  const files: Packed[] = [];
  const missing: string[] = [];
  // In turn, since the database answers one query at a time.
  for (const { name, read } of tablesOf(scope))
    try {
      files.push({ name: `${name}.csv`, text: await read(SIGNAL) });
    } catch (error) {
      missing.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  if (files.length === 0) throw new Error(missing[0]);
  if (missing.length > 0) files.push({ name: `${words.files.notIncluded}.txt`, text: `${missing.join("\r\n")}\r\n` });
  return zipOf(files, new Date());
}
