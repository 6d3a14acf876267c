/** What visits are grouped by: a column of the log, or a key of their `data`. */
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { may, type Principal } from "../../http/principal.ts";
import { Problem } from "../../http/problem.ts";
import { refuseHidden } from "../hiding.ts";

const COLUMNS = ["referrer", "browser", "os", "country", "device", "app_id", "platform"] as const;
type Column = (typeof COLUMNS)[number];

/** Keys of `data` that say where a visit came from, and not who the visitor was. Everybody who may see figures may group by them. */
const LANDING_PAGE = "landing_page";
const SUB_ID = /^s[1-9]\d?$/;
const DATA = /^data\.([\w-]{1,64})$/;

const isColumn = (by: string): by is Column => COLUMNS.some((column) => column === by);
const isOpen = (key: string): boolean => key === LANDING_PAGE || SUB_ID.test(key);
const keyIn = (by: string): string | null => DATA.exec(by)?.[1] ?? (isOpen(by) ? by : null);

export const dimension = z
  .string("must be given once")
  .refine(
    (by) => isColumn(by) || keyIn(by) !== null,
    `must be one of ${COLUMNS.join(", ")}, ${LANDING_PAGE}, s1 to s99, or data. and a key, such as data.creative`,
  );

/** The values of other keys of `data` may be personal, or amounts. */
export function refusePersonal(principal: Principal, by: string): void {
  const key = keyIn(by);
  if (key === null || isOpen(key)) return;
  if (!may(principal, "analyst"))
    throw new Problem(403, `The key ${key} of data may be personal: it needs the role analyst.`);
  refuseHidden(principal, "by");
}

/** Values are cut to this length: longer ones with the same beginning are one value. */
const MOST_CHARACTERS = 256;

/** The value in the row `e` of the log; null where there is none, or where it is a list or an object. */
export function valueIn(by: string): SQL {
  const key = keyIn(by);
  const path = `$."${key}"`;
  const value =
    key === null
      ? sql.raw(`e.${by}`)
      : sql`CASE json_type(e.data, ${path}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
          WHEN 'text' THEN e.data ->> ${path} WHEN 'integer' THEN CAST(e.data ->> ${path} AS TEXT)
          WHEN 'real' THEN CAST(e.data ->> ${path} AS TEXT) END`;
  return sql`nullif(substr(${value}, 1, ${MOST_CHARACTERS}), '')`;
}
