/**
 * Tables of many pages. An invocation may make only a limited number of queries (worker/store/plan.ts), so an answer has as many
 * pages as that allows. Where rows are left, it ends with the cursor for the next answer.
 */
import { budgetOf } from "../store/budget.ts";
import type { Page } from "./list.ts";

/** The pages one after another, then the cursor of the rest; null where nothing is left. `next(true)` asks to end here. */
export type Pages<Row> = AsyncGenerator<readonly Row[], string | null, boolean | undefined>;

/** Calls of reading a page, where reading does not check the budget itself; and calls at the end of an answer. */
export const PAGE_CALLS = 8;

/** Whether there is room for another page. */
export const hasRoom = (env: Env): boolean => budgetOf(env).left >= PAGE_CALLS;

/** `read` returns the page after a place; null where only the first page is requested. */
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

/** The same request with the cursor. */
export function following(address: string, cursor: string): string {
  const { pathname, searchParams } = new URL(address);
  searchParams.set("cursor", cursor);
  return `${pathname}?${searchParams}`;
}
