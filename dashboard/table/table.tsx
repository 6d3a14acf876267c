/**
 * A table with all its rows: sorted and searched in the browser, with a total, shares of it, and the change against another
 * period. Its state is in the address, or in the table where the view has several tables.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Delta, FEW } from "../figure.tsx";
import { changeOf, changeOfRate, exact, rate } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { words } from "../words.ts";
import {
  arrange,
  type Column,
  classOf,
  type HeldAgainst,
  isCompared,
  isNumeric,
  isUnknown,
  nextSort,
  readSort,
  type Sort,
  shownOf,
  type Value,
  valueAt,
} from "./columns.ts";
import { Scroll } from "./scroll.tsx";
import { sheetOf, showSheet } from "./sheet.ts";
import { inWords, valueIn } from "./value.tsx";
import { useColumns, usePhone, useShown } from "./visible.ts";

/** Rows that are shown at first; a button shows the others, and all are in the CSV. */
const PAGE = 50;

export type Tabular<Row> = {
  /** The name of the table, for screen readers. */
  name: string;
  /** The first column is the heading of its row. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  timezone: string;
  /** The default order: `-visits` is the largest first. */
  sort: string;
  /** All rows together. */
  total?: Row | undefined;
  /** The row as it is compared, and the same of the period that it is compared with, which is called so. */
  before?: { of: HeldAgainst<Row>; called: string };
  /** The link of a row; undefined where it has none. */
  press?: (row: Row) => { title: string; go: () => void } | undefined;
  /** Requests the rows that contain a text, and so their total. */
  filter?: (search: string) => void;
  /** What a row is made of, as further rows below it that are asked for when it is unfolded; undefined for a row without such. */
  within?: {
    title: (row: Row) => string | undefined;
    rows: (row: Row, columns: readonly Column<Row>[]) => ComponentChildren;
  };
  /** What is shown if there is no row. */
  none: ComponentChildren;
  /** The order is kept here and not in the address. */
  aside?: true;
  /** The server has rows that are not among these. */
  leftOut?: number;
};

export function DataTable<Row>(given: Tabular<Row>) {
  const table = { ...given, columns: useColumns(given.columns) };
  const { name, rows, keyOf, timezone, total, none, leftOut = 0 } = table;
  const { columns, sort, sortBy, search, byChange } = useTableState(table);
  const [shown, setShown] = useState(PAGE);
  const [unfolded, setUnfolded] = useState<readonly string[]>([]);
  const { within } = table;
  const { before } = table;
  const arranged = arrange(rows, table.columns, sort, search, byChange && before ? before.of : undefined);
  const [heading] = columns;
  const sorted = table.columns.find(({ name }) => name === sort.column);
  const unknown = sorted ? arranged.filter((row) => isUnknown(sorted, row)).length : 0;
  useEffect(() =>
    leftOut > 0 ? undefined : showSheet(name, () => sheetOf({ columns, rows: arranged, timezone, before })),
  );
  if (rows.length === 0) return <div class="none">{none}</div>;
  return (
    <>
      {sorted && unknown > 0 && (
        <p class="lead" data-unknown={unknown}>
          {words.table.byFirstPartOfTheMoneyHasNo(sorted.title, unknown, exact(unknown))}
        </p>
      )}
      <Scroll name={name}>
        <table class="data-table">
          <thead>
            <tr>
              {columns.map((column) => (
                <Head key={column.name} column={column} sort={sort} sortBy={sortBy} />
              ))}
            </tr>
          </thead>
          {total !== undefined && search === "" && (
            <tbody class="total">
              <tr>
                <th scope="row">{words.table.totalOf(rows.length, exact(rows.length))}</th>
                {columns.slice(1).map((column) => (
                  <Cell key={column.name} column={column} row={total} table={{ ...table, total: undefined }} />
                ))}
              </tr>
            </tbody>
          )}
          <tbody>
            {arranged.slice(0, shown).flatMap((row) => {
              const press = table.press?.(row);
              const key = keyOf(row);
              const open = unfolded.includes(key);
              const parts = within?.title(row);
              return [
                // The button in the row does the same for the keyboard.
                <tr key={key} data-row={key} class={press ? "pressable" : ""} onClick={press?.go}>
                  <th scope="row" class={heading && isNumeric(heading.kind) ? "number" : ""}>
                    {parts !== undefined && (
                      <button
                        type="button"
                        class="unfold"
                        aria-expanded={open}
                        aria-label={parts}
                        title={parts}
                        onClick={(event) => {
                          event.stopPropagation();
                          setUnfolded(open ? unfolded.filter((one) => one !== key) : [...unfolded, key]);
                        }}
                      />
                    )}
                    {press ? (
                      <button type="button" class="link" title={press.title}>
                        {heading && (heading.show?.(row) ?? valueIn(heading, row, timezone))}
                      </button>
                    ) : (
                      heading && (heading.show?.(row) ?? valueIn(heading, row, timezone))
                    )}
                  </th>
                  {columns.slice(1).map((column) => (
                    <Cell key={column.name} column={column} row={row} table={table} />
                  ))}
                </tr>,
                ...(open && parts !== undefined
                  ? [<Unfolded key={`${key} unfolded`}>{within?.rows(row, columns)}</Unfolded>]
                  : []),
              ];
            })}
          </tbody>
        </table>
      </Scroll>
      {search !== "" && arranged.length > 0 && (
        <Found found={arranged.length} of={rows.length} search={search} filter={table.filter} />
      )}
      {arranged.length === 0 && <NothingFound search={search} />}
      {arranged.length > shown && (
        <p class="more">
          <button type="button" class="button" onClick={() => setShown(arranged.length)}>
            {words.table.showAllRows(exact(arranged.length))}
          </button>
        </p>
      )}
    </>
  );
}

/** Rows below a row, which stay with it when the table is sorted. */
const Unfolded = ({ children }: { children: ComponentChildren }) => <>{children}</>;

function useTableState<Row>({ columns, sort: first, aside }: Tabular<Row>) {
  const { address, go } = useNavigation();
  const phone = usePhone();
  const chosen = useShown(columns);
  const [sortAside, setSortAside] = useState<string | undefined>(undefined);
  return aside
    ? {
        columns: shownOf(columns, [], phone),
        sort: readSort(columns, sortAside, first),
        sortBy: setSortAside,
        search: "",
        byChange: false,
      }
    : {
        columns: chosen,
        sort: readSort(columns, address.sort, first),
        sortBy: (sort: string) => go({ sort }, "replace"),
        search: address.search ?? "",
        byChange: address.sort_by === "change",
      };
}

function Head<Row>({ column, sort, sortBy }: { column: Column<Row>; sort: Sort; sortBy: (sort: string) => void }) {
  const { name, title, hint, kind } = column;
  const sorted = sort.column === name;
  const numeric = isNumeric(kind);
  return (
    <th
      scope="col"
      class={numeric ? "number" : ""}
      aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : "none"}
    >
      <button type="button" title={hint} onClick={() => sortBy(nextSort(sort, column))}>
        {!numeric && title}
        <span class="arrow" aria-hidden="true">
          {sorted && !sort.descending ? "↑" : "↓"}
        </span>
        {numeric && title}
      </button>
    </th>
  );
}

type Celled<Row> = { column: Column<Row>; row: Row; table: Tabular<Row> };

function Cell<Row>({ column, row, table: { total, before, timezone } }: Celled<Row>) {
  const { name, share, show } = column;
  const now = valueAt(column, row);
  const known = !isUnknown(column, row);
  const all =
    share && known && total !== undefined && !isUnknown(column, total) ? Number(valueAt(column, total) ?? 0) : 0;
  const held = before?.of(row);
  const part = all > 0 ? Number(now ?? 0) / all : 0;
  const told = part > 0 ? words.table.ofTheTotal(rate(part)) : undefined;
  return (
    <td
      class={classOf(column)}
      data-column={name}
      title={told}
      {...(part > 0 && { style: { "--bar": `${part * 100}%` } })}
    >
      <span class="cell-figure">{show?.(row) ?? valueIn(column, row, timezone)}</span>
      {told && <span class="hidden"> {told}</span>}
      {before && isCompared(column) && (
        <span class="cell-note">{held && <Changed column={column} {...held} called={before.called} />}</span>
      )}
    </td>
  );
}

export type Held<Row> = { column: Column<Row>; current: Row; earlier: Row; called: string };

/** The change of a value; nothing where one of the two is not known. */
export function Changed<Row>({ column, current, earlier, called }: Held<Row>) {
  const { kind, currency, bad, of: peopleIn } = column;
  const [is, was] = [valueAt(column, current), valueAt(column, earlier)];
  const isFew = (row: Row, value: Value) =>
    peopleIn || kind === "count" ? (peopleIn?.(row) ?? Number(value)) < FEW : false;
  if (is === null || was === null || isUnknown(column, current) || isUnknown(column, earlier)) return null;
  return (
    <Delta
      change={(kind === "rate" ? changeOfRate : changeOf)(Number(is), Number(was))}
      compared={words.common.inPeriod(inWords(kind, was, currency?.(earlier)), called)}
      bad={bad}
      small={isFew(current, is) && isFew(earlier, was)}
    />
  );
}

type Finding = { found: number; of: number; search: string; filter: Tabular<never>["filter"] };

/** A person may be in several rows, so the found rows cannot be summed here, and another total would be misleading. */
const Found = ({ found, of: rowCount, search, filter }: Finding) => (
  <p class="lead found">
    {words.table.ofRows(found, exact(found), exact(rowCount), search)}
    {filter &&
      words.table.forTheirTotal(
        <button type="button" class="link" onClick={() => filter(search)}>
          {words.table.filterByIt}
        </button>,
      )}
  </p>
);

function NothingFound({ search }: { search: string }) {
  const { go } = useNavigation();
  return (
    <div class="none">
      <p>{words.table.nothingHereContains(search)}</p>
      <button type="button" class="button" onClick={() => go({ search: undefined }, "replace")}>
        {words.table.showAllRowsButton}
      </button>
    </div>
  );
}

/** What is shown until a table arrives, in its size. */
export function TableSkeleton<Row>({ columns, rows = 8 }: { columns: readonly Column<Row>[]; rows?: number }) {
  const shown = useShown(columns);
  return (
    <div class="table-scroll" aria-hidden="true">
      <table class="data-table">
        <thead>
          <tr>
            {shown.map(({ name, title, kind }) => (
              <th key={name} scope="col" class={isNumeric(kind) ? "number" : ""}>
                <button type="button" tabIndex={-1}>
                  {title}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: rows }, (_, index) => (
            <tr key={index}>
              {shown.map(({ name, kind }) => (
                <td key={name} class={isNumeric(kind) ? "number" : ""}>
                  <span class="cell-figure">
                    <span class="bone">{isNumeric(kind) ? "0,000" : "some-text"}</span>
                  </span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
