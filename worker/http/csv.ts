/** Reads CSV (RFC 4180) with a header, such as a spreadsheet writes it. */

/** Cells by the header's names, a record a line. Null where a line has another number of cells, or a quote is open. */
export function readCsv(text: string): Record<string, string>[] | null {
  const lines: string[][] = [[]];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y;
  const body = text.replace(/^\uFEFF/, "").replace(/(?:\r?\n)+$/, "");
  while (cell.lastIndex < body.length || lines.at(-1)?.length === 0) {
    const [, value = "", end] = cell.exec(body) ?? [];
    if (end === undefined) return null;
    lines.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value.trim());
    if (end === "") break;
    if (end !== ",") lines.push([]);
    else if (cell.lastIndex === body.length) lines.at(-1)?.push("");
  }
  const [names = [], ...rows] = lines;
  if (rows.some((row) => row.length !== names.length)) return null;
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] as string])));
}
