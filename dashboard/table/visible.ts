/** The columns that the reader may see and has chosen, and whether there is only room for a few. */
import { useEffect, useState } from "preact/hooks";
import { useAmounts } from "../amounts.ts";
import { useNavigation } from "../navigation.ts";
import { type Column, shownOf } from "./columns.ts";
import { keptColumns, watchColumns } from "./kept-columns.ts";

export const columnsFor = <Row>(columns: readonly Column<Row>[], amounts: boolean): readonly Column<Row>[] =>
  amounts ? columns : columns.filter(({ kind, telling }) => kind !== "money" && kind !== "average" && !telling);

export const useColumns = <Row>(columns: readonly Column<Row>[]): readonly Column<Row>[] =>
  columnsFor(columns, useAmounts());

/** The same width as in the styles. */
const PHONE = "(max-width: 47rem)";

export function usePhone(): boolean {
  const [is, set] = useState(() => matchMedia(PHONE).matches);
  useEffect(() => {
    const media = matchMedia(PHONE);
    const look = () => set(media.matches);
    media.addEventListener("change", look);
    return () => media.removeEventListener("change", look);
  }, []);
  return is;
}

/** The columns of the address, else those that were chosen before, else the default ones. */
export function useShown<Row>(columns: readonly Column<Row>[]): Column<Row>[] {
  const { address } = useNavigation();
  const phone = usePhone();
  const [, show] = useState({});
  // The address may be the same before and after a choice.
  useEffect(() => watchColumns(() => show({})), []);
  const chosen = address.columns.length > 0 ? address.columns : keptColumns(address.view, phone);
  return shownOf(useColumns(columns), chosen, phone);
}
