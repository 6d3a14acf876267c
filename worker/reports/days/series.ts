/** The counts of series by hour or day and dimension, from rows of days. `../series/sources.ts` reads the same from the tables. */
import type { Cell, CellPlace, Divided, MoneyCell } from "../../figures/cells.ts";
import { readCells, readMoney } from "../../figures/cells-reader.ts";
import { readDayTexts } from "../../figures/day-texts.ts";
import { ANY_TYPE } from "../../figures/words.ts";
import { INCOME } from "../../money.ts";
import type { Database } from "../../store/database.ts";
import type { Period } from "../period.ts";
import { nameOfHour } from "../series/intervals.ts";
import type { Count, Paid, People, Wanted } from "../series/sources.ts";
import { depositorsIn } from "./people.ts";
import { byTag, type DaysScope, dimensionOf, readByTag, together } from "./scope.ts";
import { sumsOf } from "./sums.ts";

type Divide = Pick<Wanted, "granularity" | "dimension">;

const ofTags = (scope: DaysScope, { dimension }: Divide) => dimension === "banner_tag" && readByTag(scope);

function divided(scope: DaysScope, asked: Divide, types: readonly string[] | null): Divided {
  const dimension = asked.dimension === null || ofTags(scope, asked) ? undefined : asked.dimension;
  return { hourly: asked.granularity === "hour", types, ...dimensionOf(scope, dimension) };
}

const rowsOf = (scope: DaysScope, { from, to }: Period, asked: Divide) => ({
  ...scope,
  ...{ from, to },
  wanted: ofTags(scope, asked) ? byTag(scope) : together(scope),
});

function placeOf(scope: DaysScope, asked: Divide, { tag, event_date, event_hour, value }: CellPlace) {
  const interval = event_hour === null ? event_date : nameOfHour(event_date, event_hour);
  return { interval, value: ofTags(scope, asked) ? (tag ?? "") : asked.dimension === null ? "" : value };
}

/** Distinct events by type. */
export async function countsFromDays(db: Database, scope: DaysScope, wanted: Wanted, period: Period): Promise<Count[]> {
  const cells = await readCells(db.$client, rowsOf(scope, period, wanted), divided(scope, wanted, wanted.types));
  return cells.map((cell: Cell) => ({
    ...placeOf(scope, wanted, cell),
    event_type: cell.event_type,
    total: cell.events,
  }));
}

/** Distinct people in each interval. */
export async function peopleFromDays(
  db: Database,
  scope: DaysScope,
  wanted: Wanted,
  period: Period,
): Promise<People[]> {
  const cells = await readCells(db.$client, rowsOf(scope, period, wanted), divided(scope, wanted, [ANY_TYPE]));
  return cells.map((cell: Cell) => ({ ...placeOf(scope, wanted, cell), people: cell.people }));
}

/** People whose first deposit ever is on a day. */
export async function firstsFromDays(
  db: Database,
  scope: DaysScope,
  { dimension }: Wanted,
  { from, to }: Period,
): Promise<People[]> {
  const wanted = dimension === null ? together(scope) : byTag(scope);
  const [{ rows }] = await readDayTexts(db.$client, scope, [{ from, to, wanted, columns: ["life"] }]);
  const people = new Map<string, People>();
  for (const { tag, event_date, life } of rows) {
    const { first_deposits } = depositorsIn(life, { from: event_date, to: event_date });
    if (first_deposits === 0) continue;
    const value = dimension === null ? "" : (tag ?? "");
    const key = `${event_date} ${value}`;
    people.set(key, { interval: event_date, value, people: first_deposits + (people.get(key)?.people ?? 0) });
  }
  return [...people.values()];
}

export async function paidFromDays(db: Database, scope: DaysScope, wanted: Wanted, period: Period): Promise<Paid[]> {
  const cells = await readMoney(db.$client, rowsOf(scope, period, wanted), divided(scope, wanted, INCOME));
  return sumsOf(
    db,
    cells.map((cell: MoneyCell) => {
      const { event_date, currency, payments, whole, fraction } = cell;
      return { ...placeOf(scope, wanted, cell), event_date, currency, payments, whole, fraction };
    }),
  );
}
