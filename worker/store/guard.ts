/**
 * Why SQLite refused a transaction. A statement that may only run under a condition writes NULL into a column that does not
 * allow NULL if the condition does not hold: that ends the whole transaction, and the name of the column says why.
 */
const isRefused = (error: unknown, kind: string, where: readonly string[]): boolean =>
  where.some((place) => new RegExp(`${kind} constraint failed: ${place.replace(".", "\\.")}\\b`).test(String(error)));

/** Whether the guard on one of these columns (`table.column`) ended the transaction. */
export const isGuarded = (error: unknown, ...columns: string[]): boolean => isRefused(error, "NOT NULL", columns);

/** Whether a row with that key existed already; `where` are columns (`table.column`), or tables. */
export const isTaken = (error: unknown, ...where: string[]): boolean => isRefused(error, "UNIQUE", where);
