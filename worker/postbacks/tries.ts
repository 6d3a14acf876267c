/** The log of tries: a row each. */
import { type SQL, sql } from "drizzle-orm";
import type { ShownRequest } from "./request.ts";
import type { Outcome } from "./send.ts";

export type Try = ShownRequest &
  Omit<Outcome, "ok"> & {
    target_id: string;
    project_id: string;
    event_id: string;
    event_type: string;
    person: string;
    /** 0 is a try of the target itself, with an example. */
    try: number;
    at: number;
    next_try_at: number | null;
  };
export type TryRow = Try & { n: number };

const COLUMNS = [
  "project_id",
  "event_id",
  "event_type",
  "person",
  "try",
  "at",
  "method",
  "url",
  "body",
  "status",
  "took_ms",
  "response",
  "error",
  "next_try_at",
] as const satisfies (keyof Try)[];

/** Writes tries, which get the next numbers. Tries of an event that was erased meanwhile are not kept. */
export const noteTries = (target_id: string, tries: readonly Try[]): SQL => {
  const rows = JSON.stringify(tries.map((one) => COLUMNS.map((column) => one[column])));
  const at = (column: (typeof COLUMNS)[number]) => sql.raw(`j.value ->> ${COLUMNS.indexOf(column)}`);
  return sql`INSERT INTO postback_tries (target_id, n, ${sql.raw(COLUMNS.join(", "))})
    SELECT ${target_id}, (SELECT ifnull(max(n), 0) FROM postback_tries WHERE target_id = ${target_id})
        + row_number() OVER (ORDER BY j.key), ${sql.raw(COLUMNS.map((_, index) => `j.value ->> ${index}`).join(", "))}
    FROM json_each(${rows}) j WHERE ${at("try")} = 0
      OR EXISTS (SELECT 1 FROM postbacks p WHERE p.target_id = ${target_id} AND p.event_id = ${at("event_id")})`;
};

export const KEPT_DAYS = 30;
