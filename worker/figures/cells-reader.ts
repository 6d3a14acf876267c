/** Reads figures of days for reports: a row for each day of everybody or of a tag, whatever the number of events. */

import { DAY_MS } from "../calendar.ts";
import { ANY_TAG } from "../projections/resolve.ts";
import {
  type Cell,
  cellsColumn,
  cellsOf,
  type DayText,
  type Divided,
  type MoneyCell,
  moneyColumn,
  moneyOf,
} from "./cells.ts";
import { dateNumber } from "./edits.ts";
import type { Column } from "./parts.ts";
import { scopeName } from "./scopes.ts";
import { rowsOf } from "./statements.ts";
import { Words } from "./words.ts";

export type DaysAsked = {
  project_id: string;
  /** Both included. */
  from: string;
  to: string;
  /** Everybody, or these tags each by itself, or each tag that there is. */
  of: "everybody" | "tags" | readonly string[];
  /** Under the filter of this number, see `scopes.ts`; under none where absent. */
  under?: number | null;
};

const WORDS = "SELECT names FROM words WHERE project_id = ?1 ORDER BY first";
/**
 * Scopes are found one after the other in the index: there are far more days than scopes. Those of tags lie together, but for
 * the one of what has no tag.
 */
const TAGS = `WITH RECURSIVE scopes (scope) AS (
  SELECT (SELECT min(scope) FROM days WHERE project_id = ?1 AND scope > ?4 AND scope < ?5)
  UNION ALL SELECT (SELECT min(d.scope) FROM days d WHERE d.project_id = ?1 AND d.scope > s.scope AND d.scope < ?5)
    FROM scopes s WHERE s.scope IS NOT NULL)
  SELECT scope AS value FROM scopes WHERE scope IS NOT NULL UNION ALL SELECT ?6`;

/** Tags have no control characters in them. */
const AFTER_CONTROLS = "\u001f\u{10ffff}";
/** Behind every tag, which have 128 characters at most. */
const LAST = "\u{10ffff}".repeat(129);

type Row = { scope: string; date: number; text: string };

async function readTexts(db: D1Database, asked: DaysAsked, column: Column): Promise<{ words: Words; rows: DayText[] }> {
  const { project_id, from, to, of, under = null } = asked;
  const scopes = of === "tags" ? TAGS : "SELECT value FROM json_each(?4)";
  const days = db.prepare(`SELECT d.scope, d.date, d.${column} AS text FROM (${scopes}) s
    CROSS JOIN days d ON d.project_id = ?1 AND d.scope = s.value AND d.date BETWEEN ?2 AND ?3`);
  const range = [project_id, dateNumber(from), dateNumber(to)];
  const none = scopeName(under, "");
  const [names, found] = await db.batch([
    db.prepare(WORDS).bind(project_id),
    of === "tags"
      ? days.bind(...range, none + AFTER_CONTROLS, none + LAST, none)
      : days.bind(...range, JSON.stringify((of === "everybody" ? [null] : of).map((tag) => scopeName(under, tag)))),
  ]);
  return {
    words: new Words(rowsOf<{ names: string }>(names).flatMap((row) => JSON.parse(row.names) as string[])),
    rows: rowsOf<Row>(found).map(({ scope, date, text }) => ({
      scope: of === "everybody" ? ANY_TAG : scope.slice(none.length),
      event_date: dateOf(date),
      text,
    })),
  };
}

const dateOf = (number: number): string => new Date(number * DAY_MS).toISOString().slice(0, 10);

/** People and events, in no order. One call. */
export async function readCells(db: D1Database, asked: DaysAsked, divided: Divided): Promise<Cell[]> {
  const { words, rows } = await readTexts(db, asked, cellsColumn(divided));
  return rows.flatMap((row) => cellsOf(row, divided, words));
}

/** Amounts by currency, in no order. One call. */
export async function readMoney(db: D1Database, asked: DaysAsked, divided: Divided): Promise<MoneyCell[]> {
  const { words, rows } = await readTexts(db, asked, moneyColumn(divided));
  return rows.flatMap((row) => moneyOf(row, divided, words));
}
