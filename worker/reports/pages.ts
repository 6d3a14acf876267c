/**
 * Tables of many pages. An invocation may ask the database only so often (worker/store/plan.ts), so one answer has as many
 * pages as there is room for; where rows are left, it ends with the cursor behind which the next answer goes on.
 */
import { budgetOf } from "../store/budget.ts";
import type { Page } from "./list.ts";

/** Pages as they come, then the cursor of what is left, null where that is nothing. `next(true)` asks to end here. */
export type Pages<Row> = AsyncGenerator<readonly Row[], string | null, boolean | undefined>;

/** Calls that reading a page takes, where it does not look at what is left by itself, and what an answer ends with. */
export const PAGE_CALLS = 8;

/** Whether there is room for another page. */
export const hasRoom = (env: Env): boolean => budgetOf(env).left >= PAGE_CALLS;

/** `read` gives the page behind a place; null where only the first one is asked for. */
export async function* pagesOf<Row, Place>(
  env: Env,
  first: Page<Row, Place>,
  read: ((after: Place) => Promise<Page<Row, Place>>) | null,
  cursorOf: (place: Place) => string | Promise<string>,
): Pages<Row> {
  for (let { rows, next } = first; ; ) {
    const enough = yield rows;
    if (next === null) return null;
    if (read === null || enough || !hasRoom(env)) return cursorOf(next);
    ({ rows, next } = await read(next));
  }
}

/** The same request for what comes behind the cursor. */
export function following(address: string, cursor: string): string {
  const { pathname, searchParams } = new URL(address);
  searchParams.set("cursor", cursor);
  return `${pathname}?${searchParams}`;
}
