/** Rows as JSON arrays, in as few pieces as D1 takes: a value has 2 MB at most, and a character up to three bytes. */
const CHARACTERS = 600_000;

/** `rows` are JSON already, and none is longer than a piece. */
export function pieces(rows: Iterable<string>): string[] {
  const all: string[] = [];
  let piece: string[] = [];
  let size = 0;
  for (const row of rows) {
    if (size + row.length > CHARACTERS && piece.length > 0) {
      all.push(`[${piece}]`);
      piece = [];
      size = 0;
    }
    piece.push(row);
    size += row.length;
  }
  if (piece.length > 0) all.push(`[${piece}]`);
  return all;
}
