/** The fields of a first event; of several in one millisecond, the one whose fields sort first. */
const FIELDS = ["country", "device", "app_id", "platform"].map((field) => ({
  field,
  value: `coalesce(${field}, '')`,
}));
const ORDER = `(timestamp, ${FIELDS.map(({ value }) => value).join(", ")})`;

/**
 * Which events count, for which person and tag, as SPEC defines it, in DuckDB's SQL over the raw events in their order
 * of arrival. No derived field of the events is used: days and hours come from DuckDB's calendar.
 */
export const FACTS = [
  // An event is its project and event_id, apart for what is trusted and what can count; the first to arrive is the event.
  `CREATE TABLE taken AS
    SELECT s.*, p.attribution_days,
      timezone(p.timezone, to_timestamp(0) + to_milliseconds(s.timestamp)) AS local_time
    FROM sent s JOIN projects p USING (project_id)
    QUALIFY row_number() OVER (
      PARTITION BY s.project_id, s.event_id, s.trusted, s.bot IS NULL AND s.test = 0 ORDER BY s.arrived) = 1`,

  // Of an id the trusted event counts. A transaction is its project, type and transaction_id; the first trusted event takes
  // it, or else the first one. Tests and bots take nothing.
  `CREATE TABLE outcomes AS
    SELECT *,
      strftime(local_time, '%Y-%m-%d') AS event_date,
      hour(local_time)::INTEGER AS event_hour,
      CASE WHEN test = 1 THEN 'test' WHEN bot IS NOT NULL THEN 'bot'
        WHEN trusted < max(trusted) OVER (PARTITION BY project_id, event_id, bot IS NULL AND test = 0) THEN 'duplicate'
        WHEN transaction_id IS NOT NULL AND row_number() OVER (
          PARTITION BY project_id, event_type, transaction_id, bot IS NULL AND test = 0
          ORDER BY trusted DESC, arrived) > 1 THEN 'duplicate'
        ELSE 'counted' END AS outcome
    FROM taken`,

  // A visitor is the player of the earliest event that names both, also if that event is a duplicate.
  `CREATE TABLE identities AS
    SELECT project_id, visitor_id, arg_min(player_id, (timestamp, event_id, -trusted)) AS player_id
    FROM outcomes WHERE outcome IN ('counted', 'duplicate') AND player_id IS NOT NULL AND visitor_id IS NOT NULL
    GROUP BY project_id, visitor_id`,

  // The next column distinguishes visitors from players.
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

  // One row a person; of several events in the same millisecond, the tag that sorts first (for the last one: last).
  `CREATE TABLE persons AS
    WITH told AS (
      SELECT project_id, person, count(*) AS total_events,
        min(timestamp) AS first_seen, max(timestamp) AS last_event_at,
        min(event_date) AS first_day, max(event_date) AS last_day,
        arg_min(banner_tag, (timestamp, banner_tag)) AS brought_by,
        arg_min(own_tag, (timestamp, own_tag)) FILTER (own_tag IS NOT NULL) AS first_tag,
        arg_max(own_tag, (timestamp, own_tag)) FILTER (own_tag IS NOT NULL) AS last_tag,
        ${FIELDS.map(({ field, value }) => `arg_min(${value}, ${ORDER}) AS first_${field}`).join(", ")},
        any_value(player_id) AS player_id, any_value(visitor_id) FILTER (player_id IS NULL) AS visitor_id,
        ${["spin", "purchase", "deposit", "withdrawal"].map((type) => `count(*) FILTER (event_type = '${type}') AS total_${type}s`).join(", ")}
      FROM events GROUP BY project_id, person
    ), apps AS (
      SELECT project_id, person, app_id, row_number() OVER (
        PARTITION BY project_id, person ORDER BY count(*) DESC, app_id) AS place
      FROM events WHERE app_id IS NOT NULL GROUP BY project_id, person, app_id
    ), contacts AS (
      SELECT project_id, person,
        arg_max(data ->> '$.email', (timestamp, event_id)) FILTER (json_type(data, '$.email') = 'VARCHAR') AS email,
        arg_max(data ->> '$.phone', (timestamp, event_id)) FILTER (json_type(data, '$.phone') = 'VARCHAR') AS phone
      FROM events WHERE event_type = 'auth' AND data IS NOT NULL GROUP BY project_id, person
    ), reached AS (
      SELECT project_id, person, ${[
        { name: "visit", event_type: "visit", nth: 1 },
        { name: "registration", event_type: "registration", nth: 1 },
        { name: "deposit", event_type: "deposit", nth: 1 },
        { name: "second_deposit", event_type: "deposit", nth: 2 },
        { name: "third_deposit", event_type: "deposit", nth: 3 },
      ]
        .flatMap(({ name, event_type, nth }) =>
          ["reached_at", "reached_on", "tag"].map(
            (what) =>
              `any_value(${what}) FILTER (event_type = '${event_type}' AND nth = ${nth}) AS ${name}_${what.replace("reached_", "")}`,
          ),
        )
        .join(", ")}
      FROM milestones GROUP BY project_id, person
    )
    SELECT told.*, reached.* EXCLUDE (project_id, person), apps.app_id AS favourite_app, email, phone
    FROM told LEFT JOIN reached USING (project_id, person) LEFT JOIN contacts USING (project_id, person)
      LEFT JOIN apps ON apps.project_id = told.project_id AND apps.person = told.person AND apps.place = 1`,

  // The rate of a date is the latest one that is not after it and at most 7 days before; in 1e-8 USD.
  `CREATE TABLE in_force AS
    WITH dates AS (SELECT DISTINCT event_date FROM events),
      currencies AS (SELECT DISTINCT currency FROM events WHERE currency IS NOT NULL)
    SELECT event_date, currency, CASE WHEN currency = 'USD' THEN 100000000::HUGEINT ELSE (
        SELECT arg_max((usd_rate::DECIMAL(28, 8) * 100000000)::HUGEINT, rate_date) FROM rates
        WHERE currency_code = currency AND rate_date::DATE BETWEEN event_date::DATE - 7 AND event_date::DATE) END AS rate
    FROM dates, currencies`,

  `CREATE TABLE payments AS
    SELECT e.*, i.rate FROM events e JOIN in_force i USING (event_date, currency)
    WHERE amount IS NOT NULL AND event_type IN ('deposit', 'purchase', 'refund', 'withdrawal')`,

  `CREATE MACRO half_even(part, whole) AS sign(part)::HUGEINT * (abs(part) // whole + CASE
    WHEN abs(part) % whole * 2 > whole OR (abs(part) % whole * 2 = whole AND abs(part) // whole % 2 = 1) THEN 1
    ELSE 0 END)`,

  `CREATE MACRO decimal_text(units) AS
    CASE WHEN units < 0 THEN '-' ELSE '' END || (abs(units) // 10000)::VARCHAR || '.' ||
    regexp_replace(lpad((abs(units) % 10000)::VARCHAR, 4, '0'), '0{1,2}$', '')`,

  `CREATE MACRO iso(moment) AS strftime(to_timestamp(0) + to_milliseconds(moment), '%Y-%m-%dT%H:%M:%S.%gZ')`,
];
