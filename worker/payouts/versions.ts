/** Rules are never overwritten: a change is a version that is valid from a day on. */
import { sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";

export type Version<Terms> = {
  id: string;
  version: number;
  project_id: string;
  name: string;
  /** Null: every tag; of payout rules, every tag that no other rule names. */
  banner_tags: string[] | null;
  /** `YYYY-MM-DD`, on the project's clock. */
  valid_from: string;
  /** Null: the rule ends on that day. */
  terms: Terms | null;
  made_at: number;
};
/** A version that is not an end. */
export type InForce<Terms> = Version<Terms> & { terms: Terms };

/** The tables of such rules. */
export type RuleTable = "payout_rules" | "click_rules";

type Row = Omit<Version<unknown>, "banner_tags" | "terms"> & { banner_tags: string | null; terms: string | null };

/** Every version of every rule of a project, the oldest rule first. */
export async function versionsOf<Terms>(db: Database, table: RuleTable, project_id: string): Promise<Version<Terms>[]> {
  const rows = await db.all<Row>(
    sql`SELECT * FROM ${sql.raw(table)} WHERE project_id = ${project_id} ORDER BY id, version`,
  );
  const made = new Map(rows.filter(({ version }) => version === 1).map(({ id, made_at }) => [id, made_at]));
  const at = ({ id }: Row) => made.get(id) ?? 0;
  return rows
    .toSorted((a, b) => at(a) - at(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.version - b.version))
    .map((row) => ({
      ...row,
      banner_tags: JSON.parse(row.banner_tags ?? "null") as string[] | null,
      terms: JSON.parse(row.terms ?? "null") as Terms | null,
    }));
}

const names = <Terms>(version: Version<Terms>, tag: string) => version.banner_tags?.includes(tag) ?? true;

/** The rules in force for a tag on a day, the oldest rule first: for each rule the newest version that covers the day. */
export function inForce<Terms>(versions: readonly Version<Terms>[], tag: string, day: string): InForce<Terms>[] {
  const newest = new Map<string, Version<Terms>>();
  for (const version of versions) if (version.valid_from <= day) newest.set(version.id, version);
  return [...newest.values()].filter((one): one is InForce<Terms> => one.terms !== null && names(one, tag));
}
