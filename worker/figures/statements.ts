/** Statements that write many rows: a value is a bound parameter, of which D1 takes 100, as that is ten times as quick as JSON. */
const PARAMETERS = 100;

type Value = string | number | null;

/** `before` ends with VALUES; `after` follows the rows, each of which has as many values. */
export function insertRows(
  db: D1Database,
  before: string,
  rows: readonly Value[][],
  after = "",
): D1PreparedStatement[] {
  const width = rows[0]?.length ?? 1;
  const most = Math.floor(PARAMETERS / width);
  const row = `(${Array(width).fill("?")})`;
  const statements: D1PreparedStatement[] = [];
  for (let from = 0; from < rows.length; from += most) {
    const some = rows.slice(from, from + most);
    statements.push(db.prepare(`${before} ${Array(some.length).fill(row)} ${after}`).bind(...some.flat()));
  }
  return statements;
}

/** The rows that one statement of a batch gave. */
export const rowsOf = <Row>(result: D1Result | undefined): Row[] => (result?.results ?? []) as Row[];
