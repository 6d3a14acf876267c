/** The columns that were chosen for a view's table, stored in the browser; separately for phones, which have room for few. */

const keyOf = (view: string, phone: boolean) => `columns:${view}${phone ? ":phone" : ""}`;

/** Empty where none were chosen. */
export function keptColumns(view: string, phone: boolean): readonly string[] {
  try {
    return localStorage.getItem(keyOf(view, phone))?.split(",") ?? [];
  } catch {
    // Storage is disabled: each view has its default columns.
    return [];
  }
}

const watching = new Set<() => void>();

/** Calls `changed` after each choice, until the function that it returns is called. */
export function watchColumns(changed: () => void): () => void {
  watching.add(changed);
  return () => void watching.delete(changed);
}

/** An empty list means the default columns. */
export function keepColumns(view: string, phone: boolean, columns: readonly string[]): void {
  try {
    if (columns.length === 0) localStorage.removeItem(keyOf(view, phone));
    else localStorage.setItem(keyOf(view, phone), columns.join(","));
  } catch {
    // Storage is disabled: the choice is only in the address.
  }
  for (const changed of watching) changed();
}
