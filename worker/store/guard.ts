/**
 * What SQLite refused. A statement that may run only as long as something still holds puts NULL, where it does not, into a column
 * that takes none: that ends the whole transaction, and the name of the column says why.
 */
const isRefused = (error: unknown, kind: string, where: readonly string[]): boolean =>
  where.some((place) => new RegExp(`${kind} constraint failed: ${place.replace(".", "\\.")}\\b`).test(String(error)));

/** Whether the guard on one of these columns (`table.column`) ended the transaction. */
export const isGuarded = (error: unknown, ...columns: string[]): boolean => isRefused(error, "NOT NULL", columns);

/** Whether a row with that key was there already; `where` are columns (`table.column`), or tables. */
export const isTaken = (error: unknown, ...where: string[]): boolean => isRefused(error, "UNIQUE", where);
