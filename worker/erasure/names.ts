/** The names that a person has in the stores, and the contacts that they gave. */

import { sql } from "drizzle-orm";
import { newPseudonym } from "../pseudonym.ts";
import type { Database } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { digitsOf, type Pair, type Words, wordsOf } from "./words.ts";

/** The names that an erasure knows of its person while it runs; fresh pseudonyms in each pass. */
export type Names = {
  player: Pair;
  /** Every visitor who ever was this player. */
  visitors: Pair[];
  /** The visitors who were another player, too. */
  shared: string[];
  /** E-mail addresses and telephone numbers from their events' data. */
  contacts: Pair[];
  /**
   * The last event of the log when the names were read, which may now be in the archive only; and the places of
   * `identities` and of the figures, from which the log is read again.
   */
  head: number;
  identified: number;
  /** When that was, epoch milliseconds. */
  since: number;
  /** The end of the log that the earlier pass has searched. */
  scanned: number;
};

/** A player with more visitors than this is not one person, but an id that many share. */
export const MOST_VISITORS = 5_000;

/** Keys of `data` that hold a contact, in any case. */
const CONTACTS = ["email", "e_mail", "mail", "phone", "phone_number", "telephone", "mobile", "msisdn"] as const;

/** The prefix of a visitor's id where it names a person. */
export const VISITOR = "\u001f";

const namesOf = (pairs: readonly Pair[]) => pairs.map(([name]) => name);
const unchanged = (a: readonly Pair[], b: readonly string[]) => a.length === b.length;

export async function visitorsOf(db: Database, project_id: string, player_id: string): Promise<string[]> {
  const rows = await db.values<[string]>(sql`
    SELECT visitor_id FROM identities WHERE project_id = ${project_id} AND player_id = ${player_id}
    UNION SELECT visitor_id FROM events
      WHERE project_id = ${project_id} AND actor = ${player_id} AND visitor_id IS NOT NULL
    UNION SELECT event ->> '$.visitor_id' FROM dead_letters WHERE project_id = ${project_id} AND json_valid(event)
      AND event ->> '$.player_id' = ${player_id} AND json_type(event, '$.visitor_id') = 'text'`);
  return rows.map(([visitor]) => visitor);
}

/** The contacts in the events under these names. */
async function contactsOf(db: Database, project_id: string, actors: readonly string[]): Promise<string[]> {
  const rows = await db.values<[string]>(sql`
    SELECT DISTINCT CAST(d.value AS TEXT) FROM events e, json_each(e.data) d
    WHERE e.project_id = ${project_id} AND e.actor ${among(actors)} AND e.data IS NOT NULL
      AND lower(d.key) ${among(CONTACTS)} AND d.type IN ('text', 'integer')
    UNION SELECT DISTINCT CAST(d.value AS TEXT) FROM dead_letters l, json_each(l.event ->> '$.data') d
    WHERE l.project_id = ${project_id} AND json_valid(l.event) AND json_valid(l.event ->> '$.data')
      AND coalesce(l.event ->> '$.player_id', char(31) || (l.event ->> '$.visitor_id')) ${among(actors)}
      AND lower(d.key) ${among(CONTACTS)} AND d.type IN ('text', 'integer')`);
  const given = rows.map(([contact]) => contact.trim()).filter((contact) => contact !== "");
  return given.flatMap((contact) => [contact, digitsOf(contact) ?? []].flat());
}

/** The names that the stores have now, and those that an earlier pass found. */
export async function gather(db: Database, project_id: string, known: Names, now: number): Promise<Names> {
  const [player_id] = known.player;
  const visitors = [...new Set([...namesOf(known.visitors), ...(await visitorsOf(db, project_id, player_id))])];
  if (visitors.length > MOST_VISITORS) throw new Error(`More than ${MOST_VISITORS} visitors.`);
  const actors = [player_id, ...visitors.map((visitor) => VISITOR + visitor)];
  const contacts = [...new Set([...namesOf(known.contacts), ...(await contactsOf(db, project_id, actors))])];
  const at = await db.get<{ head: number; identified: number }>(sql`SELECT
    max((SELECT coalesce(max(seq), 0) FROM events),
      (SELECT coalesce(max(last_seq), 0) FROM archive_files WHERE state = 'live')) AS head,
    (SELECT min(coalesce(p.cursor, 0)) FROM json_each('["identities", "figures"]') n
      LEFT JOIN projections p ON p.name = n.value) AS identified`);
  const shared = await db.values<[string]>(sql`SELECT DISTINCT visitor_id FROM identities
    WHERE project_id = ${project_id} AND player_id <> ${player_id} AND visitor_id ${among(visitors)}`);
  const withPseudonyms = (names: readonly string[]) => names.map((name): Pair => [name, newPseudonym()]);
  const same = unchanged(known.visitors, visitors) && unchanged(known.contacts, contacts);
  return {
    player: [player_id, newPseudonym()],
    visitors: withPseudonyms(visitors),
    shared: [...new Set([...known.shared, ...shared.map(([visitor]) => visitor)])],
    contacts: withPseudonyms(contacts),
    head: at?.head ?? 0,
    identified: at?.identified ?? 0,
    since: now,
    // A new name is searched in all of the log.
    scanned: same ? known.head : 0,
  };
}

export const firstNames = (player_id: string): Names => ({
  player: [player_id, ""],
  visitors: [],
  shared: [],
  contacts: [],
  head: 0,
  identified: 0,
  since: 0,
  scanned: 0,
});

/** The names in the form of the stores, and the pseudonym of each. */
export type Person = {
  players: ReadonlyMap<string, string>;
  visitors: ReadonlyMap<string, string>;
  /** The names as in `actor` and `person`: a visitor's id follows a control character. */
  persons: ReadonlyMap<string, string>;
  words: Words;
};

export function personOf({ player, visitors, contacts }: Names): Person {
  return {
    players: new Map([player]),
    visitors: new Map(visitors),
    persons: new Map([player, ...visitors.map(([name, pseudonym]): Pair => [VISITOR + name, VISITOR + pseudonym])]),
    words: wordsOf([player, ...visitors, ...contacts]),
  };
}
