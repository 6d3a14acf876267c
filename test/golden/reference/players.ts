/** The players: all of them as a list or a table, or one with a profile or with counts by type. */
import type { Ask, Report } from "./ask.ts";
import type { Row } from "./database.ts";
import { money, payments, segmentOf } from "./money.ts";

/** USD as `spend.exact` has it, in 1e-12. */
const exactly = (usd: string) => BigInt(Math.round(Number(usd) * 10_000)) * 10n ** 8n;

const TAGS = ["first_tag", "last_tag", "registration_tag", "deposit_tag"];

/** The steps of the funnel, as milestones. */
const STEPS: Record<string, string> = {
  visit: "visit",
  registration: "registration",
  first_deposit: "deposit",
  repeat_deposit: "second_deposit",
};

const list = (project_id: string, rows: unknown[]) => ({ project_id, rows, next_cursor: null });

async function all(ask: Ask) {
  const { project, query, select } = ask;
  const sort = query.get("sort") ?? "-last_event_at";
  const bySpend = sort.endsWith("spend_usd");
  const column = bySpend ? "player_id" : sort.replace("-", "");
  const direction = sort.startsWith("-") ? "DESC" : "ASC";
  const has_deposit = query.get("has_deposit");
  const step = STEPS[query.get("funnel_step") ?? ""];
  const day = step === undefined ? "first_day" : `${step}_on`;
  const tags = step === undefined ? TAGS : [`${step}_tag`];
  const found = await select<Row & { player_id: string }>(`
    SELECT player_id, iso(first_seen) AS first_seen, iso(last_event_at) AS last_event_at,
      iso(registration_at) AS registration_at, iso(deposit_at) AS deposit_at, total_events, total_deposits,
      ${TAGS.map((tag) => `nullif(${tag}, '') AS ${tag}`).join(", ")}
    FROM persons WHERE project_id = $project AND player_id IS NOT NULL AND BEGUN
      ${query.has("banner_tag") ? `AND $banner_tag IN (${tags.map((tag) => `coalesce(${tag}, '')`).join(", ")})` : ""}
      ${query.has("search") ? "AND starts_with(player_id, $search)" : ""}
      ${has_deposit === null ? "" : `AND deposit_at IS ${has_deposit === "true" ? "NOT NULL" : "NULL"}`}
      ${step === undefined ? "" : `AND ${day} IS NOT NULL`}
      ${query.has("from") ? `AND ${day} >= $from` : ""} ${query.has("to") ? `AND ${day} <= $to` : ""}
    ORDER BY ${column.endsWith("_tag") ? `coalesce(persons.${column}, '')` : `persons.${column}`} ${direction},
      persons.player_id ${direction}`);
  const of = await payments(ask, ["person"], "true");
  const segment = query.get("segment");
  const [from, to] = [query.get("spend_from"), query.get("spend_to")];
  const spent = found.map((row) => ({ row, spend: of([`player ${row.player_id}`], "spend") }));
  // A stable sort: players with equal amounts stay in the order of ids.
  const sign = direction === "DESC" ? -1 : 1;
  if (bySpend)
    spent.sort((a, b) => sign * Number(a.spend.exact > b.spend.exact) - sign * Number(a.spend.exact < b.spend.exact));
  const rows = spent
    .filter(({ spend }) => from === null || spend.exact >= exactly(from))
    .filter(({ spend }) => to === null || spend.exact <= exactly(to))
    .map(({ row, spend }) => ({ ...row, spend_usd: money(spend.exact), segment: segmentOf(spend) }))
    .filter((row) => segment === null || row.segment === segment);
  return list(project.project_id, rows);
}

async function stats({ select }: Ask, player_id: string) {
  const [row] = await select(
    `SELECT total_events, iso(last_event_at) AS updated_at FROM persons
    WHERE project_id = $project AND player_id = $player_id`,
    { player_id },
  );
  const types = await select<{ event_type: string; total: number }>(
    `SELECT event_type, count(*) AS total FROM events WHERE project_id = $project AND player_id = $player_id
    GROUP BY event_type`,
    { player_id },
  );
  const event_breakdown = Object.fromEntries(types.map(({ event_type, total }) => [event_type, total]));
  return row ? { player_id, ...row, event_breakdown } : null;
}

async function profile(ask: Ask, player_id: string) {
  const { project, select } = ask;
  const [row] = await select(
    `SELECT player_id, iso(first_seen) AS first_seen, iso(last_event_at) AS last_event_at, iso(visit_at) AS visit_at,
      iso(registration_at) AS registration_at, iso(deposit_at) AS deposit_at,
      iso(second_deposit_at) AS second_deposit_at, iso(third_deposit_at) AS third_deposit_at,
      total_events, total_deposits, total_spins, total_purchases, total_withdrawals, favourite_app,
      ${TAGS.map((tag) => `nullif(${tag}, '') AS ${tag}`).join(", ")}, email, phone
    FROM persons WHERE project_id = $project AND player_id = $player_id`,
    { player_id },
  );
  if (!row) return null;
  const of = await payments(ask, [], "player_id = $player_id", { player_id });
  const [spend, withdrawn] = [of([], "spend"), of([], "withdrawal")];
  return {
    project_id: project.project_id,
    ...row,
    spend: spend.totals,
    spend_usd: money(spend.exact),
    unconverted: of([], "income").unconverted,
    refunded_unconverted: of([], "refund").unconverted,
    withdrawn: withdrawn.totals,
    withdrawn_usd: money(withdrawn.exact),
    withdrawn_unconverted: withdrawn.unconverted,
    segment: segmentOf(spend),
  };
}

export const players: Report = async (ask) => {
  const [player_id, part] = ask.rest;
  if (player_id === undefined) return all(ask);
  return part === "stats" ? stats(ask, player_id) : profile(ask, player_id);
};

export const profiles: Report = async ({ project, select }) =>
  list(
    project.project_id,
    await select(`
      SELECT player_id AS uid, email, phone, total_spins, total_purchases, total_deposits, total_events, favourite_app,
        iso(first_seen) AS first_seen, iso(last_event_at) AS last_event_at,
        nullif(first_tag, '') AS first_tag, nullif(last_tag, '') AS last_tag
      FROM persons WHERE project_id = $project AND player_id IS NOT NULL ORDER BY player_id`),
  );
