/** Shared by payout rules and click rules: they are never overwritten, and after each change months are computed again. */

import { type SQL, sql } from "drizzle-orm";
import type { Context } from "hono";
import * as z from "zod";
import { localTime } from "../calendar.ts";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { dueFrom } from "../payouts/compute.ts";
import { wakePayouts } from "../payouts/keeping.ts";
import { type RuleTable, type Version, versionsOf } from "../payouts/versions.ts";
import type { Project } from "../project.ts";
import { date } from "../reports/period.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { isGuarded, isTaken } from "../store/guard.ts";
import { iso } from "../time.ts";
import { act } from "./audit.ts";

const MOST_RULES = 200;
const MOST_VERSIONS = 200;

/** The fields that a rule of each kind has. */
export const ruleFields = {
  name: z.string().min(1, "must not be empty").max(200, "is too long"),
  banner_tags: z
    .array(z.string().min(1, "must not be empty").max(128, "is too long"))
    .min(1, "must name one tag at least")
    .max(500, "must be 500 at most")
    .nullable(),
  valid_from: date,
};
export const rulesQuery = z.strictObject({ project_id: projectId.optional() });
export const ruleEnd = z.strictObject({
  valid_from: date.optional().describe("From this day on it says nothing. Today where absent."),
});

/** Rules of a kind: their table, what one is called, in audit and in words, and what it says. */
export type RuleKind<Terms> = {
  table: RuleTable;
  action: string;
  noun: string;
  inWords(terms: Terms, name: string): string;
};

export type VersionView<Terms> = Pick<Version<Terms>, "version" | "name" | "banner_tags" | "valid_from" | "terms"> & {
  made_at: string;
};
export type RuleOf<Terms> = { id: string; project_id: string; versions: VersionView<Terms>[] };

/** The newest version first; `show` turns the stored terms into those of the answer. */
export function viewOf<Terms, Shown>(
  versions: readonly Version<Terms>[],
  show: (terms: Terms, name: string) => Shown,
): RuleOf<Shown> {
  const [{ id, project_id }] = versions as [Version<Terms>, ...Version<Terms>[]];
  return {
    id,
    project_id,
    versions: versions.toReversed().map(({ version, name, banner_tags, valid_from, made_at, terms }) => ({
      version,
      name,
      banner_tags,
      valid_from,
      made_at: iso(made_at),
      terms: terms && show(terms, name),
    })),
  };
}

export const today = ({ timezone }: Project, now: number) => localTime(timezone, now).date;

export async function ownRule<Terms>(
  db: Database,
  principal: Principal,
  { table, noun }: RuleKind<Terms>,
  id: string,
): Promise<[Version<Terms>, ...Version<Terms>[]]> {
  const found = await db.get<{ project_id: string } | undefined>(
    sql`SELECT project_id FROM ${sql.raw(table)} WHERE id = ${id} LIMIT 1`,
  );
  if (!found || !reaches(principal, found.project_id)) throw new Problem(404, `There is no ${noun} ${id}.`);
  const versions = await versionsOf<Terms>(db, table, found.project_id);
  return versions.filter((version) => version.id === id) as [Version<Terms>, ...Version<Terms>[]];
}

/** A version, and the months that it changes. The tags are those that it or the one before is about. */
function write<Terms>(table: RuleTable, version: Version<Terms>, before: Version<Terms> | null): SQL[] {
  const { id, project_id, name, banner_tags, valid_from, terms, made_at } = version;
  const both =
    before && (banner_tags === null || before.banner_tags === null ? null : [...banner_tags, ...before.banner_tags]);
  const tags = before ? both : banner_tags;
  const rules = sql.raw(table);
  const limit =
    terms === null
      ? sql`true`
      : before
        ? sql`${before.version} < ${MOST_VERSIONS}`
        : sql`(SELECT count(DISTINCT id) FROM ${rules} WHERE project_id = ${project_id}) < ${MOST_RULES}`;
  return [
    sql`INSERT INTO ${rules} (id, version, project_id, name, banner_tags, valid_from, terms, made_at)
      SELECT ${id}, ${version.version}, ${project_id}, ${name}, ${banner_tags && JSON.stringify(banner_tags)},
        ${valid_from}, ${terms && JSON.stringify(terms)}, CASE WHEN ${limit} THEN ${made_at} END`,
    dueFrom(project_id, valid_from.slice(0, 7), tags),
  ];
}

/** Writes it with the note of who did, and has its months computed. */
export async function save<Terms>(
  c: Context<App>,
  { table, action, noun, inWords }: RuleKind<Terms>,
  version: Version<Terms>,
  before: Version<Terms> | null,
): Promise<void> {
  const { id, project_id, name, banner_tags, valid_from, terms } = version;
  const details = {
    name,
    banner_tags,
    valid_from,
    version: version.version,
    ...(terms && { says: inWords(terms, name) }),
  };
  const done = terms === null ? "end" : before ? "change" : "create";
  const what = { project_id, action: `${action}.${done}`, subject: id, details };
  try {
    await act(databaseOf(c.env), c.var.principal, version.made_at, what, write(table, version, before));
  } catch (error) {
    if (isTaken(error, table))
      throw new Problem(409, "Others are changing this rule at this moment. Please try again.");
    if (!isGuarded(error, `${table}.made_at`)) throw error;
    throw new Problem(
      409,
      before
        ? `A rule has ${MOST_VERSIONS} versions at most.`
        : `${project_id} has ${MOST_RULES} ${noun}s, which is the most.`,
    );
  }
  await wakePayouts(c.env);
}
