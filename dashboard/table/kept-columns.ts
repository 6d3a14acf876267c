/** The columns that were chosen for a view's table, kept in the browser: on a phone apart, which has room for few. */

const keyOf = (view: string, phone: boolean) => `columns:${view}${phone ? ":phone" : ""}`;

/** Empty where none were chosen. */
export function keptColumns(view: string, phone: boolean): readonly string[] {
  try {
    return localStorage.getItem(keyOf(view, phone))?.split(",") ?? [];
  } catch {
    // Storage is off: each view begins with its own.
    return [];
  }
}

/** None are those that the view begins with. */
export function keepColumns(view: string, phone: boolean, columns: readonly string[]): void {
  try {
    if (columns.length === 0) localStorage.removeItem(keyOf(view, phone));
    else localStorage.setItem(keyOf(view, phone), columns.join(","));
  } catch {
    // Storage is off: the choice lasts as long as the address has it.
  }
}
