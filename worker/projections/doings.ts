/**
 * What single people did. For projects whose reports come from the tables, it is in `player_days`. For the others it is
 * counted from the log, and only settled days have rows: in `settled_days`, and in `player_days` for days that were settled
 * while that was still written.
 */

import { type SQL, sql } from "drizzle-orm";
import { among } from "../store/sql.ts";
import { DAY_MS } from "../time.ts";
import { actors, NOW, pastOfPeople } from "./resolve.ts";

/** The last event that the days of people have. */
const READ = sql`ifnull((SELECT cursor FROM projections WHERE name = 'player_days'), 0)`;

/** Whether a row `d` of `player_days` counts, of the project `w`. */
const DOES_COUNT = sql.raw("(w.by_days = 0 OR d.event_date < ifnull(w.player_days_before, w.settled_before))");

/** The beginning of a statement that reads `doings`: rows of person, event_type, app_id and total, under these tags. */
export function doings(project_id: string, people: readonly string[], tags: string[] | null): SQL {
  const persons = JSON.stringify(people);
  const inLog = pastOfPeople(JSON.stringify(people.map((person) => [project_id, person])), READ, "days");
  const tagged = tags === null ? sql`` : sql`AND banner_tag ${among(tags)}`;
  const COLUMNS = sql.raw("d.person, d.event_type, d.app_id, d.total");
  return sql`WITH ${inLog}, doings AS (
    SELECT ${COLUMNS} FROM projects w CROSS JOIN json_each(${persons}) j
      CROSS JOIN player_days d ON d.project_id = w.project_id AND d.person = j.value
    WHERE w.project_id = ${project_id} AND ${DOES_COUNT} ${tagged}
    UNION ALL SELECT ${COLUMNS} FROM json_each(${persons}) j
      CROSS JOIN settled_days d ON d.project_id = ${project_id} AND d.person = j.value WHERE true ${tagged}
    UNION ALL SELECT person, event_type, app_id, 1 FROM ${tags === null ? sql`placed` : sql`resolved`} WHERE true ${tagged})`;
}

/** Events within this time after a person's first one may be of an earlier day, where the project's clock was set back meanwhile. */
const LONGEST_SETBACK_MS = 2 * DAY_MS;

/** The first day of a person, for `players`; where none of their days is kept any more, the day of their first event. */
export const FIRST_DATE = sql`coalesce(nullif(min(
    ifnull((SELECT d.event_date FROM projects w CROSS JOIN player_days d ON d.project_id = w.project_id AND d.person = players.person
      WHERE w.project_id = players.project_id AND ${DOES_COUNT} ORDER BY d.event_date LIMIT 1), '~'),
    ifnull((SELECT d.event_date FROM settled_days d
      WHERE d.project_id = players.project_id AND d.person = players.person ORDER BY d.event_date LIMIT 1), '~'),
    ifnull((SELECT min(e.event_date) FROM projects w CROSS JOIN events e ON e.project_id = w.project_id
        AND e.actor IN (${actors(sql`players.project_id`, sql`players.person`, NOW)}) AND e.tagged IN (0, 1)
        AND e.timestamp < players.first_seen + ${sql.raw(String(LONGEST_SETBACK_MS))}
      WHERE w.project_id = players.project_id AND w.by_days = 1 AND e.event_date >= w.settled_before AND e.counted = 1), '~')
  ), '~'), date(players.first_seen / 1000, 'unixepoch'))`;
