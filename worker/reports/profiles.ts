/** The players as a table for BI tools. Readers who may not see personal data see pseudonyms and masked contacts. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { may } from "../http/principal.ts";
import { instant, maybe, text, whole } from "./answer.ts";
import { list, listed, listOf, pageOf } from "./list.ts";
import { maskEmail, maskPhone, pseudonyms } from "./mask.ts";
import { report } from "./report.ts";

const row = z.object({
  uid: text.describe("The `player_id`; a pseudonym for the role `viewer`."),
  email: maybe.describe("What an `auth` event gave last; masked for the role `viewer`."),
  phone: maybe.describe("What an `auth` event gave last; masked for the role `viewer`."),
  total_spins: whole,
  total_purchases: whole,
  total_deposits: whole,
  total_events: whole,
  favourite_app: maybe.describe("The one with most events."),
  first_seen: instant,
  last_event_at: instant,
  first_tag: maybe.describe("The tag of the first tagged event."),
  last_tag: maybe.describe("The tag of the last tagged event."),
});
export type Profile = z.output<typeof row>;
/** Visitors are in the same table. Their names begin with a control character, so they come before all players. */
const FIRST = sql`uid >= ' '`;
const COLUMNS = Object.keys(row.shape);

export const profiles = report({
  id: "listProfiles",
  path: "/profiles",
  summary: "All players as a table, for BI tools",
  description: "The view `player_profiles` of the data vault. The role `viewer` sees no personal data, `analyst` all.",
  role: "viewer",
  query: z.strictObject(listed),
  answer: listOf(row).meta({ id: "Profiles" }),
  holds: "A row a player.",
  tries: ["limit=1"],
  untagged: true,
  people: true,
  reads: "now",
  async read({ env, db, project, principal, query }) {
    const nameOf = await pseudonyms(project);
    const shown = may(principal, "analyst")
      ? async (profile: Profile) => profile
      : async ({ uid, email, phone, ...rest }: Profile): Promise<Profile> => ({
          uid: await nameOf(uid),
          email: email && maskEmail(email),
          phone: phone && maskPhone(phone),
          ...rest,
        });
    return list({ env, project, query }, COLUMNS, z.string(), async (after, limit) => {
      const found = await db.all<Profile>(sql`SELECT ${sql.raw(COLUMNS.join(", "))} FROM player_profiles
        WHERE project_id = ${project.project_id} AND ${after === null ? FIRST : sql`uid > ${after}`}
        ORDER BY uid LIMIT ${limit + 1}`);
      const { rows, next } = pageOf(found, limit, ({ uid }) => uid);
      return { rows: await Promise.all(rows.map(shown)), next };
    });
  },
});
