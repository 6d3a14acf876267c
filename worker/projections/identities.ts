/**
 * Which player a visitor is. The earliest event (by its own time, then id) that names both decides, so that late and
 * reordered events lead to the same answer. Duplicates are used as well: another event counts in their place, but they name
 * their visitor and player all the same. Every better answer is a further row with its `seq`, so the answer can be asked
 * for as of any point of the log.
 */
import { sql } from "drizzle-orm";
import type { Tables } from "./projection.ts";

export const identities: Tables = {
  name: "identities",
  after: [],
  aboutPeople: false,
  apply: ({ after, upTo }) => [
    sql`INSERT INTO identities (project_id, visitor_id, seq, player_id, rank)
      WITH named AS (
        SELECT project_id, visitor_id, seq, player_id, printf('%015d %s %d', timestamp, event_id, 1 - trusted) AS rank
        FROM events
        WHERE seq > ${after} AND seq <= ${upTo} AND player_id IS NOT NULL AND visitor_id IS NOT NULL AND bot IS NULL AND test = 0
      ), ranked AS (
        SELECT *, min(rank) OVER (PARTITION BY project_id, visitor_id ORDER BY seq
          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS best_before
        FROM named
      )
      SELECT n.project_id, n.visitor_id, n.seq, n.player_id, n.rank FROM ranked n
      WHERE (n.best_before IS NULL OR n.rank < n.best_before) AND n.rank < coalesce((
        SELECT i.rank FROM identities i WHERE i.project_id = n.project_id AND i.visitor_id = n.visitor_id
        ORDER BY i.seq DESC LIMIT 1), '~')`,
  ],
  clear: () => [sql`DELETE FROM identities`],
};
