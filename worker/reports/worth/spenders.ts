/** Players with what they spent, so that a list of them can be narrowed and sorted by it. */
import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { type Database, transact } from "../../store/database.ts";
import { players } from "../../store/schema.ts";
import type { Player } from "../player.ts";
import { paid } from "./from-payments.ts";
import { bringUpToDate, IS_COMPLETE } from "./keeping.ts";

/** Whole USD, and 1e-12 USD below one. */
export const SPEND = ["spend_whole", "spend_rest"] as const;
export type Spent = Record<(typeof SPEND)[number], string>;
type Found = Player & Spent;

const columns = (names: readonly string[], of: (name: string) => string) => sql.raw(names.map(of).join(", "));
/** The list is sorted and narrowed by the table's columns, and shows their text. */
const SHOWN = sql`players.*, ${columns(SPEND, (name) => `CAST(players.${name} AS TEXT) AS ${name}`)}`;
const OTHERS = Object.values(getTableColumns(players)).flatMap(({ name }) => (name === "person" ? [] : [name]));

/** Players with what they spent, computed from every payment. */
const fromPayments = (project_id: string): SQL => sql`WITH ${paid(project_id)} SELECT ${SHOWN} FROM (
  SELECT p.*, ${columns(SPEND, (name) => `ifnull(paid.${name}, 0) AS ${name}`)}
  FROM players p LEFT JOIN paid ON paid.person = p.person WHERE p.project_id = ${project_id}) players`;

/** The same from the kept rows, by their index where the list is sorted by it. */
const fromKept = (project_id: string): SQL => sql`SELECT ${SHOWN} FROM (
  SELECT v.person, ${columns(SPEND, (name) => `v.${name}`)}, ${columns(OTHERS, (name) => `p.${name}`)}
  FROM lifetime_values v CROSS JOIN players p ON p.project_id = v.project_id AND p.person = v.person
  WHERE v.project_id = ${project_id}) players`;

/** The players that match, with what they spent. `rest` is all that follows FROM. */
export async function spenders(env: Env, db: Database, project_id: string, rest: SQL): Promise<Found[]> {
  if (await bringUpToDate(env, db, project_id)) {
    const [found, complete] = (await transact(db, [
      sql`${fromKept(project_id)} ${rest}`,
      sql`SELECT ${IS_COMPLETE(project_id)} AS complete`,
    ])) as [D1Result<Found>, D1Result<{ complete: 0 | 1 }>];
    if (complete.results[0]?.complete === 1) return found.results;
  }
  return db.all<Found>(sql`${fromPayments(project_id)} ${rest}`);
}
