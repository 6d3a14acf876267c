/** The key figures of a day, by app, from rows of days. */
import { type CellPlace, cellsOf, type Divided, moneyOf } from "../../figures/cells.ts";
import { cellOf, type DimensionName } from "../../figures/counters/dimensions.ts";
import { FIRST_LINES } from "../../figures/counters/firsts.ts";
import { type DaysAsked, entriesOf, readDayTexts } from "../../figures/day-texts.ts";
import { compareText } from "../../figures/text-order.ts";
import { ANY_TYPE, PAYERS } from "../../figures/words.ts";
import { INCOME } from "../../money.ts";
import { type DaysScope, together } from "./scope.ts";
import type { Paid } from "./sums.ts";

type People = Record<"installs" | "new_players" | "active_users" | "first_deposits", number>;
const nobody = (): People => ({ installs: 0, new_players: 0, active_users: 0, first_deposits: 0 });

export type KpiDays = {
  people: (People & { app_id: string })[];
  everyone: People;
  payers: { app_id: string; people: number }[];
  payer: number;
  paid: (Paid & { app_id: string; event_type: (typeof INCOME)[number] })[];
};

/** One database call. */
export async function kpisOfDays(db: D1Database, scope: DaysScope, day: string): Promise<KpiDays> {
  const asked = {
    from: day,
    to: day,
    wanted: together(scope),
    columns: ["counts", "life", "cells"],
  } as const satisfies DaysAsked<"counts" | "life" | "cells">;
  const [{ words, rows }] = await readDayTexts(db, scope, [asked]);
  const found: KpiDays = { people: [], everyone: nobody(), payers: [], payer: 0, paid: [] };
  const apps = new Map<string, People>();
  const whoUsed = (app_id: string) => {
    const known = apps.get(app_id) ?? nobody();
    apps.set(app_id, known);
    return known;
  };
  for (const { tag, event_date, counts, life, cells } of rows) {
    const divided = (types: readonly string[], dimension: DimensionName): Divided => ({
      ...{ hourly: false, value: null },
      ...{ types, dimension },
    });
    const count = (dimension: DimensionName, whose: (cell: CellPlace) => People) => {
      const text = dimension === "none" ? counts : cells;
      for (const cell of cellsOf({ tag, event_date, text }, divided([ANY_TYPE, "install"], dimension), words))
        whose(cell)[cell.event_type === ANY_TYPE ? "active_users" : "installs"] += cell.people;
    };
    count("app_id", ({ value }) => whoUsed(value));
    count("none", () => found.everyone);
    for (const { line, key, sums } of entriesOf(life, "firsts")) {
      const { dimension, value } = cellOf(key);
      const whose = dimension?.name === "app_id" ? whoUsed(words.name(value)) : found.everyone;
      whose[line === FIRST_LINES.day ? "new_players" : "first_deposits"] += sums[0];
    }
    const row = { tag, event_date, text: cells };
    for (const { value, people } of cellsOf(row, divided([PAYERS], "app_id"), words))
      found.payers.push({ app_id: value, people });
    for (const { people } of cellsOf({ ...row, text: counts }, divided([PAYERS], "none"), words)) found.payer += people;
    for (const { value, event_type, currency, payments, whole, fraction } of moneyOf(
      row,
      divided(INCOME, "app_id"),
      words,
    ))
      found.paid.push({
        ...{ event_date, currency, payments, whole, fraction },
        app_id: value,
        event_type: event_type as (typeof INCOME)[number],
      });
  }
  found.people = [...apps]
    .map(([app_id, people]) => ({ app_id, ...people }))
    .sort((one, other) => compareText(one.app_id, other.app_id));
  return scope.field === null ? found : ofApp(found, scope.field.value);
}

/** The figures of one app; `everyone` is then everyone who used it. */
function ofApp({ people, payers, paid }: KpiDays, app_id: string): KpiDays {
  const rowsOfApp = <Row extends { app_id: string }>(rows: readonly Row[]) =>
    rows.filter((row) => row.app_id === app_id);
  const [who] = rowsOfApp(people);
  return {
    people: rowsOfApp(people),
    everyone: who ?? nobody(),
    payers: rowsOfApp(payers),
    payer: rowsOfApp(payers).reduce((sum, row) => sum + row.people, 0),
    paid: rowsOfApp(paid),
  };
}
