/** The last event that touched each day, whether it counts or not. It shows a report whether its answer is still the same. */
import { type SQL, sql } from "drizzle-orm";
import type { Tables } from "./projection.ts";
import { pastOfPeople, superseded } from "./resolve.ts";

const touch = (touched: SQL) => sql`INSERT INTO changes (project_id, event_date, seq) ${touched}
  ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)`;

export const changes: Tables = {
  name: "changes",
  after: ["identities"],
  aboutPeople: true,
  apply: ({ after, upTo, repairs }) => [
    touch(sql`SELECT project_id, event_date, max(seq) FROM events WHERE seq > ${after} AND seq <= ${upTo}
      GROUP BY project_id, event_date`),
    touch(sql`SELECT e.project_id, e.event_date, ${upTo} FROM ${superseded({ after, upTo })} GROUP BY 1, 2`),
    ...(repairs === null
      ? []
      : [
          touch(sql`WITH ${pastOfPeople(repairs, upTo)} SELECT project_id, event_date, ${upTo} FROM resolved
            WHERE true GROUP BY project_id, event_date`),
        ]),
  ],
  clear: () => [sql`DELETE FROM changes`],
};
