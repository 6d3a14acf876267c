/** Reads rows of days for reports. Each scope has one row a day, however many events there were. */
import { DAY_MS, utcDate } from "../time.ts";
import { lineOf } from "./changes.ts";
import { readLines } from "./day-rows.ts";
import { dateNumber } from "./edits.ts";
import type { Column, PartName } from "./parts.ts";
import { scopeName } from "./scopes.ts";
import { rowsOf } from "./statements.ts";
import type { Sums } from "./tally.ts";
import { Words } from "./words.ts";

/** Which rows are read, and which column of them. */
export type DaysAsked<Name extends Column> = {
  /** Both days are included; without `to` all days from `from` on. */
  from: string;
  to: string | null;
  /** The rows of all tags together, of each tag, or of each of these tags. */
  wanted: "everybody" | "tags" | readonly string[];
  columns: readonly Name[];
};

/** `tag` is null in the row of all tags together. */
export type DayTexts<Name extends Column = Column> = {
  tag: string | null;
  /** The same day, in days since 1970 and as text. */
  date: number;
  event_date: string;
} & Record<Name, string>;

export type Days<Name extends Column = Column> = { words: Words; rows: DayTexts<Name>[] };

const WORDS = "SELECT names FROM words WHERE project_id = ?1 ORDER BY first";
/**
 * Finds the scopes one after the other in the index, since there are far more days than scopes. Scopes of tags are next to
 * each other, except that of events without a tag.
 */
const tagScopes = (after: string, before: string, none: string) => `WITH RECURSIVE scopes (scope) AS (
  SELECT (SELECT min(scope) FROM days WHERE project_id = ?1 AND scope > ${after} AND scope < ${before})
  UNION ALL SELECT (SELECT min(d.scope) FROM days d WHERE d.project_id = ?1 AND d.scope > s.scope AND d.scope < ${before})
    FROM scopes s WHERE s.scope IS NOT NULL)
  SELECT scope AS value FROM scopes WHERE scope IS NOT NULL UNION ALL SELECT ${none}`;

/** Sorts before the names of all rows of tags, which have no control characters. */
const AFTER_CONTROLS = "\u001f\u{10ffff}";
/** Sorts after every tag: a tag has 128 characters at most. */
const LAST = "\u{10ffff}".repeat(129);
const LAST_DAY = "9999-12-31";

export const dateOf = (number: number): string => utcDate(number * DAY_MS);

/** Which days: of a project, under the filter with this number (see `scopes.ts`) or under none. */
export type Place = { project_id: string; filter: number | null };

function statement(
  db: D1Database,
  { project_id, filter }: Place,
  { from, to, wanted, columns }: DaysAsked<Column>,
): D1PreparedStatement {
  const scopes = wanted === "tags" ? tagScopes("?4", "?5", "?6") : "SELECT value FROM json_each(?4)";
  const rows = db.prepare(`SELECT d.scope, d.date, ${columns.map((name) => `d.${name}`).join(", ")}
    FROM (${scopes}) s CROSS JOIN days d ON d.project_id = ?1 AND d.scope = s.value AND d.date BETWEEN ?2 AND ?3`);
  const range = [project_id, dateNumber(from), dateNumber(to ?? LAST_DAY)];
  const none = scopeName(filter, "");
  return wanted === "tags"
    ? rows.bind(...range, none + AFTER_CONTROLS, none + LAST, none)
    : rows.bind(
        ...range,
        JSON.stringify((wanted === "everybody" ? [null] : wanted).map((tag) => scopeName(filter, tag))),
      );
}

/** The tags that have rows; `''` is no tag. One call. */
export async function readTags(db: D1Database, project_id: string): Promise<string[]> {
  const { results } = await db
    .prepare(`SELECT s.value AS tag FROM (${tagScopes("?2", "?3", "?4")}) s`)
    .bind(project_id, AFTER_CONTROLS, LAST, scopeName(null, ""))
    .all<{ tag: string }>();
  return results.map(({ tag }) => tag);
}

type Asks = readonly [DaysAsked<Column>, ...DaysAsked<Column>[]];
type Read<Asked extends Asks> = { [At in keyof Asked]: Days<Asked[At]["columns"][number]> };

/** Several readings of the same state of the database. One call. */
export async function readDayTexts<const Asked extends Asks>(
  db: D1Database,
  place: Place,
  asked: Asked,
): Promise<Read<Asked>> {
  return readIn(place, asked, await db.batch(statements(db, place, asked)));
}

/** The same, together with the rows of another query. */
export async function readDayTextsBeside<const Asked extends Asks>(
  db: D1Database,
  place: Place,
  asked: Asked,
  query: D1PreparedStatement,
): Promise<{ days: Read<Asked>; alongside: unknown[] }> {
  const [first, ...found] = await db.batch([query, ...statements(db, place, asked)]);
  return { days: readIn(place, asked, found), alongside: rowsOf<unknown>(first) };
}

const statements = (db: D1Database, place: Place, asked: Asks): D1PreparedStatement[] => [
  db.prepare(WORDS).bind(place.project_id),
  ...asked.map((one) => statement(db, place, one)),
];

function readIn<Asked extends Asks>({ filter }: Place, asked: Asked, [names, ...found]: D1Result[]): Read<Asked> {
  const words = new Words(rowsOf<{ names: string }>(names).flatMap((row) => JSON.parse(row.names) as string[]));
  const tagAt = scopeName(filter, "").length;
  const read = asked.map(({ wanted }, index) => ({
    words,
    rows: rowsOf<{ scope: string; date: number } & Record<Column, string>>(found[index]).map((row) => ({
      ...row,
      tag: wanted === "everybody" ? null : row.scope.slice(tagAt),
      event_date: dateOf(row.date),
    })),
  }));
  return read as unknown as Read<Asked>;
}

export type PartEntry = { line: number; key: number; sums: Sums };

/** The entries of a part, from the text of its column. */
export function* entriesOf(text: string, part: PartName): Generator<PartEntry> {
  for (const [number, tally] of readLines(text, part)) {
    const { line } = lineOf(number);
    for (const [key, sums] of tally.entries()) yield { line, key, sums };
  }
}
