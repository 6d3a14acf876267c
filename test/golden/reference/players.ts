/** One player's profile. */
import type { Report } from "./ask.ts";

const iso = (column: string) => `strftime(to_timestamp(0) + to_milliseconds(${column}), '%Y-%m-%dT%H:%M:%S.%gZ')`;

const milestone = (event_type: string, nth: number) =>
  `FROM milestones m WHERE m.project_id = $project AND m.person = p.person
    AND m.event_type = '${event_type}' AND m.nth = ${nth}`;
const moment = (event_type: string, nth = 1) => `(SELECT ${iso("m.reached_at")} ${milestone(event_type, nth)})`;
const tagOf = (event_type: string) => `(SELECT nullif(m.tag, '') ${milestone(event_type, 1)})`;

/** What every report about a player tells, as columns of a query over `p(person, player_id)`. */
const PROFILE = `
  SELECT p.player_id, ${iso("first_seen")} AS first_seen, ${iso("last_event_at")} AS last_event_at,
    ${moment("visit")} AS visit_at, ${moment("registration")} AS registration_at, ${moment("deposit")} AS deposit_at,
    ${moment("deposit", 2)} AS second_deposit_at, total_events, total_deposits, first_tag, last_tag,
    ${tagOf("registration")} AS registration_tag, ${tagOf("deposit")} AS deposit_tag
  FROM (
    SELECT person, player_id, min(timestamp) AS first_seen, max(timestamp) AS last_event_at, count(*) AS total_events,
      count(*) FILTER (event_type = 'deposit') AS total_deposits,
      arg_min(own_tag, (timestamp, own_tag)) FILTER (own_tag IS NOT NULL) AS first_tag,
      arg_max(own_tag, (timestamp, own_tag)) FILTER (own_tag IS NOT NULL) AS last_tag
    FROM events WHERE project_id = $project AND player_id IS NOT NULL GROUP BY person, player_id
  ) p`;

export const players: Report = async ({ project: { project_id }, rest: [player_id], select }) => {
  const [profile] = await select(`SELECT * FROM (${PROFILE}) WHERE player_id = $player_id`, {
    player_id: player_id ?? "",
  });
  return { project_id, ...profile };
};
