/** One row on its own: its figures with their names. */
import { Fact } from "../fact.tsx";
import { type Column, isNumeric } from "./columns.ts";
import { valueIn } from "./value.tsx";

type Stated<Row> = {
  columns: readonly Column<Row>[];
  /** Without it, its place is held. */
  row: Row | undefined;
  timezone: string;
};

export const Facts = <Row,>({ columns, row, timezone }: Stated<Row>) => (
  <dl class="facts" aria-hidden={row === undefined}>
    {columns.map((column) => (
      <Fact key={column.name} of={column.name} name={column.title} hint={column.hint}>
        {row === undefined ? (
          <span class="bone">{isNumeric(column.kind) ? "0,000" : "some-text"}</span>
        ) : (
          (column.show?.(row) ?? valueIn(column, row, timezone))
        )}
      </Fact>
    ))}
  </dl>
);
