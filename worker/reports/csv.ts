/** A cell of CSV (RFC 4180) that spreadsheets read as text or number, and never as a formula. Pure. */

/** An object is written as JSON. */
export type Cell = string | number | boolean | null | Readonly<Record<string, unknown>>;

/** Without it Excel reads UTF-8 as the encoding of its country. */
export const BYTE_ORDER_MARK = "\uFEFF";

/**
 * A spreadsheet reads a cell that begins like this as a formula; a quote before it makes it a text (OWASP, CSV injection).
 * Some split cells at a semicolon or a tab, and some read full-width signs as plain ones. A negative decimal is no formula.
 */
const FORMULA = /(^|[;\t])(?=[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20])/g;
const NEGATIVE = /^-\d+(?:\.\d+)?$/;
/** Characters that change the order in which a cell is shown, so that it looks like another text. */
const BIDI = /[\u202A-\u202E\u2066-\u2069]/g;

function csvCell(value: Cell): string {
  if (value === null) return "";
  const plain = (typeof value === "object" ? JSON.stringify(value) : String(value)).replace(BIDI, "");
  const text = typeof value === "string" && !NEGATIVE.test(plain) ? plain.replace(FORMULA, "$1'") : plain;
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvLine = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(",")}\r\n`;
