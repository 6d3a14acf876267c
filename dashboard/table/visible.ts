/** The columns that who looks may see. */
import { useAmounts } from "../amounts.ts";
import type { Column } from "./columns.ts";

export const columnsFor = <Row>(columns: readonly Column<Row>[], amounts: boolean): readonly Column<Row>[] =>
  amounts ? columns : columns.filter(({ kind, telling }) => kind !== "money" && kind !== "average" && !telling);

export const useColumns = <Row>(columns: readonly Column<Row>[]): readonly Column<Row>[] =>
  columnsFor(columns, useAmounts());
