/** Reads the figures of days for reports, divided by a dimension where one is given. */
import { type Cell, cellsColumn, cellsOf, type Divided, type MoneyCell, moneyColumn, moneyOf } from "./cells.ts";
import { type DaysAsked, readDayTexts } from "./day-texts.ts";
import type { Column } from "./parts.ts";

export type CellsAsked = Omit<DaysAsked<Column>, "columns"> & { project_id: string; filter: number | null };

async function read(db: D1Database, asked: CellsAsked, column: Column) {
  const [{ words, rows }] = await readDayTexts(db, asked, [{ ...asked, columns: [column] }]);
  return { words, rows: rows.map(({ [column]: text, ...row }) => ({ ...row, text })) };
}

/** People and events, in no order. One call. */
export async function readCells(db: D1Database, asked: CellsAsked, divided: Divided): Promise<Cell[]> {
  const { words, rows } = await read(db, asked, cellsColumn(divided));
  return rows.flatMap((row) => cellsOf(row, divided, words));
}

/** Amounts by currency, in no order. One call. */
export async function readMoney(db: D1Database, asked: CellsAsked, divided: Divided): Promise<MoneyCell[]> {
  const { words, rows } = await read(db, asked, moneyColumn(divided));
  return rows.flatMap((row) => moneyOf(row, divided, words));
}
