/** The figures of kept reports, from rows of days. `../aggregate/figures.ts` reads the same from the tables. */
import { cellsOf, type Divided, moneyOf } from "../../figures/cells.ts";
import { type DaysAsked, readDayTextsBeside } from "../../figures/day-texts.ts";
import { INCOME } from "../../money.ts";
import { FIGURES } from "../../projections/figures-fence.ts";
import type { Database } from "../../store/database.ts";
import type { Found } from "../aggregate/figures.ts";
import { REPORT_TYPES, type ReportType } from "../aggregate/report-types.ts";
import type { Period } from "../period.ts";
import { activeIn } from "./people.ts";
import { sumsOf } from "./sums.ts";

const COUNTS: Divided = { hourly: false, types: null, dimension: "none", value: null };
const PAYMENTS: Divided = { hourly: false, types: INCOME, dimension: "app_id", value: null };

export async function foundInDays(
  db: Database,
  project_id: string,
  type: ReportType,
  { from, to }: Period,
): Promise<Found> {
  const { firstDay } = REPORT_TYPES[type];
  const asked = {
    ...{ from, to, wanted: "everybody" },
    columns: ["counts", "life", "cells"],
  } as const satisfies DaysAsked<"counts" | "life" | "cells">;
  const at = db.$client.prepare("SELECT cursor FROM projections WHERE name = ?").bind(FIGURES);
  const read = await readDayTextsBeside(db.$client, { project_id, filter: null }, [asked], at);
  const [{ words, rows }] = read.days;
  const [place] = read.alongside as { cursor: number }[];
  const counts = new Map<string, Found["counts"][number]>();
  const people = new Map<string, number>();
  const paid = [];
  for (const { event_date, counts: counted, life, cells } of rows) {
    const from_date = firstDay(event_date);
    const row = { tag: null, event_date };
    const sum = counts.get(from_date) ?? { from_date, events: 0, spins: 0, purchases: 0 };
    for (const { event_type, events } of cellsOf({ ...row, text: counted }, COUNTS, words)) {
      sum.events += events;
      if (event_type === "spin") sum.spins += events;
      if (event_type === "purchase") sum.purchases += events;
    }
    counts.set(from_date, sum);
    people.set(from_date, (people.get(from_date) ?? 0) + activeIn(life, { from: from_date, to }));
    for (const { value, event_type, currency, payments, whole, fraction } of moneyOf(
      { ...row, text: cells },
      PAYMENTS,
      words,
    ))
      paid.push({
        ...{ from_date, event_date, app_id: value, currency, payments, whole, fraction },
        event_type: event_type as (typeof INCOME)[number],
      });
  }
  return {
    counts: [...counts.values()],
    people: [...people].map(([from_date, number]) => ({ from_date, people: number })),
    paid: await sumsOf(db, paid),
    seq: place?.cursor ?? 0,
  };
}
