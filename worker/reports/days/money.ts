/** Payments by day or hour, type, currency and dimension, and who paid, from rows of days. */
import { type CellPlace, cellsColumn, cellsOf, type Divided, moneyColumn, moneyOf } from "../../figures/cells.ts";
import { type DaysAsked, entriesOf, readDayTexts } from "../../figures/day-texts.ts";
import { dateNumber } from "../../figures/edits.ts";
import type { Column } from "../../figures/parts.ts";
import { DEPOSITORS, PAYERS, PURCHASERS } from "../../figures/words.ts";
import { PAYMENT_TYPES, type PaymentType } from "../../money.ts";
import type { Period } from "../period.ts";
import { byTag, type DaysScope, together } from "./scope.ts";
import type { Paid } from "./sums.ts";

export const PAYMENT_DIMENSIONS = ["app_id", "platform", "currency", "banner_tag", "country", "device"] as const;
type Dimension = (typeof PAYMENT_DIMENSIONS)[number];

/** The group of payers of a type; without a type, of any income. Null where nobody pays by that type, as by a refund. */
export function payersBy(event_type: PaymentType | undefined): string | null {
  if (event_type === undefined) return PAYERS;
  return event_type === "purchase" ? PURCHASERS : event_type === "deposit" ? DEPOSITORS : null;
}

type Asked = { event_type: PaymentType | undefined; group_by: Dimension | undefined; hourly: boolean };

/** The day or hour, and the value of the dimension, `''` where there is none. */
type Placed = { event_date: string; event_hour: number | null; value: string };
export type PaidRow = Placed & Paid & { event_type: PaymentType };
export type PayersRow = Placed & { people: number };
export type MoneyOfDays = {
  paid: PaidRow[];
  paying: PayersRow[];
  /** Distinct people in the whole period. */
  payers: number;
};

/** What was paid in a period, in no order, and by how many people. One database call. */
export async function moneyOfDays(
  db: D1Database,
  scope: DaysScope,
  { from, to }: Period,
  { event_type, group_by, hourly }: Asked,
): Promise<MoneyOfDays> {
  const ofTags = group_by === "banner_tag" && scope.tags !== null;
  const undivided = group_by === undefined || ofTags;
  const divided = { hourly, value: null };
  // Every line of payments names its currency. For people who paid, the currency is a dimension.
  const amounts: Divided = {
    ...divided,
    types: event_type === undefined ? PAYMENT_TYPES : [event_type],
    dimension: undivided || group_by === "currency" ? "none" : group_by,
  };
  const who = payersBy(event_type);
  const people: Divided = { ...divided, types: who === null ? [] : [who], dimension: undivided ? "none" : group_by };
  const cells = {
    from,
    to,
    wanted: ofTags ? byTag(scope) : together(scope),
    columns: [cellsColumn(people), moneyColumn(amounts)],
  } as const satisfies DaysAsked<Column>;
  const life = { from, to, wanted: together(scope), columns: ["life"] } as const satisfies DaysAsked<"life">;
  const [days, lives] = await readDayTexts(db, scope, [cells, life]);
  const valueIn = ({ tag, value }: CellPlace) => (ofTags ? (tag ?? "") : value);
  const textsIn = (column: Column) =>
    days.rows.map(({ tag, event_date, [column]: text }) => ({ tag, event_date, text }));
  return {
    paid: textsIn(moneyColumn(amounts)).flatMap((row) =>
      moneyOf(row, amounts, days.words).map(({ tag, ...cell }) => ({
        ...cell,
        event_type: cell.event_type as PaymentType,
        value: group_by === "currency" ? cell.currency : valueIn({ tag, ...cell }),
      })),
    ),
    paying: textsIn(cellsColumn(people)).flatMap((row) =>
      cellsOf(row, people, days.words).map((cell) => ({
        event_date: cell.event_date,
        event_hour: cell.event_hour,
        value: valueIn(cell),
        people: cell.people,
      })),
    ),
    payers: who === null ? 0 : lives.rows.reduce((sum, { life: text }) => sum + payersIn(text, who, from), 0),
  };

  /** Each person is counted on their first paying day in the period: the paying day before it is before the period. */
  function payersIn(text: string, name: string, first: string): number {
    let sum = 0;
    for (const { line, key, sums } of entriesOf(text, "payers"))
      if (days.words.name(line) === name && key < dateNumber(first)) sum += sums[0];
    return sum;
  }
}
