/** A list that the server sends in pages, usually the newest first; a button loads more. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Query } from "../answers.ts";
import { useAnswer } from "../answers.ts";
import { Answered, Failed } from "../panel.tsx";
import { words } from "../words.ts";
import { type Column, classOf, isNumeric } from "./columns.ts";
import { Scroll } from "./scroll.tsx";
import { TableSkeleton } from "./table.tsx";
import { valueIn } from "./value.tsx";
import { useColumns } from "./visible.ts";

type Cursor = string | number;
type Page<Row> = { rows: Row[]; next_cursor?: Cursor | null };

type Listed<Row> = {
  /** The name of the list, for screen readers and error messages. */
  name: string;
  columns: readonly Column<Row>[];
  /** The query for the page that begins at a cursor; the first page has none. */
  query: (cursor: Cursor | undefined) => Query<Page<Row>>;
  keyOf: (row: Row) => string;
  timezone: string;
  press?: (row: Row) => { title: string; go: () => void } | undefined;
  /** What is shown if there is no row. */
  none: ComponentChildren;
};

export function PagedList<Row>(given: Listed<Row>) {
  const list = { ...given, columns: useColumns(given.columns) };
  const { name, columns, query, none } = list;
  const first = query(undefined);
  const answer = useAnswer(first);
  const [pages, setPages] = useState(1);
  // Another query begins at its first page.
  useEffect(() => setPages(1), [first.key]);
  return (
    <Answered answer={answer} what={words.inSentence(name)} skeleton={<TableSkeleton columns={columns} rows={12} />}>
      {({ rows, next_cursor }) =>
        rows.length === 0 && !next_cursor ? (
          <div class="none">{none}</div>
        ) : (
          <Scroll name={name}>
            <table class="data-table">
              <thead>
                <tr>
                  {columns.map(({ name, title, hint, kind }) => (
                    <th key={name} scope="col" title={hint} class={isNumeric(kind) ? "number" : ""}>
                      <span class="head">{title}</span>
                    </th>
                  ))}
                </tr>
              </thead>
              <Rows list={list} rows={rows} />
              <Rest list={list} cursor={next_cursor} pages={pages - 1} more={() => setPages(pages + 1)} />
            </table>
          </Scroll>
        )
      }
    </Answered>
  );
}

function Rows<Row>({ list: { columns, keyOf, timezone, press }, rows }: { list: Listed<Row>; rows: readonly Row[] }) {
  return (
    <tbody>
      {rows.map((row) => {
        const pressed = press?.(row);
        return (
          <tr key={keyOf(row)} data-row={keyOf(row)} class={pressed ? "pressable" : ""} onClick={pressed?.go}>
            {columns.map((column, index) => {
              const shown = column.show?.(row) ?? valueIn(column, row, timezone);
              return (
                <td key={column.name} class={classOf(column)} data-column={column.name}>
                  {index === 0 && pressed ? (
                    <button type="button" class="link" title={pressed.title}>
                      {shown}
                    </button>
                  ) : (
                    shown
                  )}
                </td>
              );
            })}
          </tr>
        );
      })}
    </tbody>
  );
}

type Remaining<Row> = {
  list: Listed<Row>;
  cursor: Cursor | null | undefined;
  /** How many pages are shown from here on. */
  pages: number;
  more: () => void;
};

/** Each page begins where the page before it ends now, so that no row is missed when new rows have arrived. */
function Rest<Row>({ list, cursor, pages, more }: Remaining<Row>) {
  const { data, error, loading, retry } = useAnswer(cursor && pages > 0 ? list.query(cursor) : null);
  if (!cursor) return null;
  if (pages > 0 && data)
    return (
      <>
        <Rows list={list} rows={data.rows} />
        <Rest list={list} cursor={data.next_cursor} pages={pages - 1} more={more} />
      </>
    );
  return (
    <tbody>
      <tr>
        <td class="more" colSpan={list.columns.length}>
          {error ? (
            <Failed error={error} what={words.table.restOfIt} busy={loading} retry={retry} />
          ) : (
            <button type="button" class="button" disabled={pages > 0} onClick={more}>
              {pages > 0 ? words.table.loading : words.table.showMore}
            </button>
          )}
        </td>
      </tr>
    </tbody>
  );
}
