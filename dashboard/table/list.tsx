/** A list that the server gives in pages, the newest first as a rule: more of it comes by a press. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Query } from "../answers.ts";
import { useAnswer } from "../answers.ts";
import { Answered } from "../panel.tsx";
import { type Column, isNumeric } from "./columns.ts";
import { TableSkeleton } from "./table.tsx";
import { valueIn } from "./value.tsx";

type Cursor = string | number | undefined;
type Page<Row> = { rows: Row[]; next_cursor?: string | number | null };

type Listed<Row> = {
  /** What it is a list of, for who listens and for what failed. */
  name: string;
  columns: readonly Column<Row>[];
  /** The question for the page that begins at a cursor; the first has none. */
  query: (cursor: Cursor) => Query<Page<Row>>;
  keyOf: (row: Row) => string;
  timezone: string;
  press?: (row: Row) => { title: string; go: () => void } | undefined;
  /** What stands there without any row. */
  none: ComponentChildren;
};

export function PagedList<Row>(list: Listed<Row>) {
  const first = list.query(undefined);
  const [cursors, setCursors] = useState<Cursor[]>([undefined]);
  // Another question begins at its first page.
  useEffect(() => setCursors([undefined]), [first.key]);
  return (
    <div class="paged">
      {cursors.map((cursor, index) => (
        <ListPage
          key={`${first.key} ${cursor}`}
          list={list}
          cursor={cursor}
          headed={index === 0}
          more={index === cursors.length - 1 ? (next) => setCursors([...cursors, next]) : undefined}
        />
      ))}
    </div>
  );
}

type Paged<Row> = {
  list: Listed<Row>;
  cursor: Cursor;
  headed: boolean;
  more: ((next: string | number) => void) | undefined;
};

function ListPage<Row>({ list, cursor, headed, more }: Paged<Row>) {
  const { name, columns, query, keyOf, timezone, press, none } = list;
  const answer = useAnswer(query(cursor));
  return (
    <Answered answer={answer} what={name} skeleton={<TableSkeleton columns={columns} rows={headed ? 12 : 3} />}>
      {({ rows, next_cursor }) => (
        <>
          {rows.length === 0 && headed && !next_cursor ? (
            <div class="none">{none}</div>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            <section class="table-scroll" aria-label={`${name}, a table that scrolls sideways`} tabIndex={0}>
              <table class="data-table">
                <thead class={headed ? "" : "hidden"}>
                  <tr>
                    {columns.map(({ name, title, hint, kind }) => (
                      <th key={name} scope="col" title={hint} class={isNumeric(kind) ? "number" : ""}>
                        <span class="head">{title}</span>
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row) => {
                    const pressed = press?.(row);
                    return (
                      <tr
                        key={keyOf(row)}
                        data-row={keyOf(row)}
                        class={pressed ? "pressable" : ""}
                        onClick={pressed?.go}
                      >
                        {columns.map((column, index) => {
                          const shown = column.show?.(row) ?? valueIn(column, row, timezone);
                          return (
                            <td
                              key={column.name}
                              class={isNumeric(column.kind) ? "number" : column.kind}
                              data-column={column.name}
                            >
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
              </table>
            </section>
          )}
          {next_cursor && more && (
            <p class="more">
              <button type="button" class="button" onClick={() => more(next_cursor)}>
                Show more
              </button>
            </p>
          )}
        </>
      )}
    </Answered>
  );
}
