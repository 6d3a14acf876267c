/**
 * What counts, for whom and for which tag, as SPEC words it, in DuckDB's SQL over the raw events in the order in which
 * they arrived. Nothing that the senders' side derived is used: days and hours come from DuckDB's own calendar.
 */
export const FACTS = [
  // An event is its project and event_id; the first to arrive is the event.
  `CREATE TABLE taken AS
    SELECT s.*, p.attribution_days,
      timezone(p.timezone, to_timestamp(0) + to_milliseconds(s.timestamp)) AS local_time
    FROM sent s JOIN projects p USING (project_id)
    QUALIFY row_number() OVER (PARTITION BY s.project_id, s.event_id ORDER BY s.arrived) = 1`,

  // A transaction is its project, type and transaction_id; the first event that is no test takes it.
  `CREATE TABLE outcomes AS
    SELECT *,
      strftime(local_time, '%Y-%m-%d') AS event_date,
      hour(local_time)::INTEGER AS event_hour,
      CASE WHEN test = 1 THEN 'test' WHEN bot IS NOT NULL THEN 'bot'
        WHEN transaction_id IS NOT NULL AND row_number() OVER (
          PARTITION BY project_id, event_type, transaction_id, test ORDER BY arrived) > 1 THEN 'duplicate'
        ELSE 'counted' END AS outcome
    FROM taken`,

  // A visitor is the player of the earliest event that names both.
  `CREATE TABLE identities AS
    SELECT project_id, visitor_id, arg_min(player_id, (timestamp, event_id)) AS player_id
    FROM outcomes WHERE outcome = 'counted' AND player_id IS NOT NULL AND visitor_id IS NOT NULL
    GROUP BY project_id, visitor_id`,

  // Visitors are told from players by the column beside.
  `CREATE TABLE people AS
    SELECT o.* RENAME (player_id AS sent_player_id, banner_tag AS own_tag),
      coalesce(o.player_id, i.player_id) AS player_id,
      CASE WHEN coalesce(o.player_id, i.player_id) IS NULL THEN 'visitor ' || o.visitor_id
        ELSE 'player ' || coalesce(o.player_id, i.player_id) END AS person
    FROM outcomes o LEFT JOIN identities i USING (project_id, visitor_id)
    WHERE o.outcome = 'counted'`,

  `CREATE TABLE touches AS
    SELECT project_id, person, timestamp AS touched_at, arg_max(own_tag, event_id) AS touch
    FROM people WHERE own_tag IS NOT NULL GROUP BY project_id, person, timestamp`,

  // An event without a tag counts for the last one at or before it, if that lies within the window.
  `CREATE TABLE events AS
    SELECT p.*, CASE WHEN own_tag IS NOT NULL THEN own_tag
      WHEN touched_at > timestamp - attribution_days * 86400000 THEN touch ELSE '' END AS banner_tag
    FROM people p ASOF LEFT JOIN touches t
      ON p.project_id = t.project_id AND p.person = t.person AND p.timestamp >= t.touched_at`,

  // Milestones: of those in the same millisecond, the one whose tag sorts first.
  `CREATE TABLE milestones AS
    SELECT project_id, person, event_type, timestamp AS reached_at, event_date AS reached_on, banner_tag AS tag,
      row_number() OVER (PARTITION BY project_id, person, event_type ORDER BY timestamp, banner_tag) AS nth
    FROM events WHERE event_type IN ('visit', 'registration', 'deposit')`,

  `CREATE MACRO decimal_text(units) AS
    CASE WHEN units < 0 THEN '-' ELSE '' END || (abs(units) // 10000)::VARCHAR || '.' ||
    regexp_replace(lpad((abs(units) % 10000)::VARCHAR, 4, '0'), '0{1,2}$', '')`,
];
