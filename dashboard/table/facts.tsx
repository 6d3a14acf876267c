/** A single row: its figures with their names. */
import { Fact } from "../fact.tsx";
import { type Column, isNumeric } from "./columns.ts";
import { Changed } from "./table.tsx";
import { valueIn } from "./value.tsx";
import { useColumns } from "./visible.ts";

type Stated<Row> = {
  columns: readonly Column<Row>[];
  /** Without it, its space is reserved. */
  row: Row | undefined;
  timezone: string;
  /** The row as it is compared, and what it is compared with. Null: that is not known yet, or there is nothing to compare. */
  compared?: { current: Row; earlier: Row; called: string } | null | undefined;
};

export const Facts = <Row,>({ columns, row, timezone, compared }: Stated<Row>) => (
  <dl class="facts" aria-hidden={row === undefined}>
    {useColumns(columns).map((column) => (
      <Fact key={column.name} of={column.name} name={column.title} hint={column.hint}>
        {row === undefined ? (
          <span class="bone">{isNumeric(column.kind) ? "0,000" : "some-text"}</span>
        ) : (
          (column.show?.(row) ?? valueIn(column, row, timezone))
        )}
        {compared !== undefined && (
          <span class="fact-note">{compared && <Changed column={column} {...compared} />}</span>
        )}
      </Fact>
    ))}
  </dl>
);
