/** What players did: as reports find it for a project whose reports are made from rows of days, and from a naive count. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { doings, FIRST_DATE } from "../../worker/projections/doings.ts";
import { db, keepToTables, turnToDays } from "./log.ts";
import type { Figures } from "./oracle.ts";

type Totals = Record<string, number>;
type Doings = { totals: Totals; first_dates: Record<string, string> };

/** Changes only this project, and not the setting of the others. */
export async function makeOfDays(project_id: string): Promise<void> {
  const { results } = await env.DB.prepare("SELECT project_id FROM projects WHERE by_days = 0").all<{
    project_id: string;
  }>();
  const others = results.map((row) => row.project_id).filter((name) => name !== project_id);
  await turnToDays();
  await makeOfTables(others);
}

async function makeOfTables(projects: readonly string[]): Promise<void> {
  await env.DB.prepare("UPDATE projects SET by_days = 0 WHERE project_id IN (SELECT value FROM json_each(?))")
    .bind(JSON.stringify(projects))
    .run();
  await keepToTables();
}

/** A name that no player can have: visitors' names begin with a control character. */
const isPlayer = (person: string) => !person.startsWith("\u001f");

/** Events by tag (null: of all), player, type and app; and the first days, as they are looked up where a row has none. */
async function find(project_id: string, tags: readonly string[]): Promise<Doings> {
  const people = await db.all<{ person: string; first_date: string }>(
    sql`SELECT person, ${FIRST_DATE} AS first_date FROM players
      WHERE project_id = ${project_id} AND player_id IS NOT NULL`,
  );
  const totals: Totals = {};
  for (const tag of [null, ...tags]) {
    const who = people.map(({ person }) => person);
    const rows = await db.all<{ person: string; event_type: string; app_id: string; total: number }>(sql`
      ${doings(project_id, who, tag === null ? null : [tag])}
      SELECT person, event_type, app_id, sum(total) AS total FROM doings GROUP BY 1, 2, 3`);
    for (const { person, event_type, app_id, total } of rows)
      totals[JSON.stringify([tag, person, event_type, app_id])] = total;
  }
  return { totals, first_dates: Object.fromEntries(people.map(({ person, first_date }) => [person, first_date])) };
}

/** The result with reports made from rows of days, if need be only for this query. */
export async function doingsIn(project_id: string, tags: readonly string[]): Promise<Doings> {
  const row = await env.DB.prepare("SELECT by_days FROM projects WHERE project_id = ?").bind(project_id).first();
  if (row?.by_days === 1) return find(project_id, tags);
  await makeOfDays(project_id);
  const found = await find(project_id, tags);
  await makeOfTables([project_id]);
  return found;
}

export function doingsOf({ player_days, players }: Pick<Figures, "player_days" | "players">): Doings {
  const totals: Totals = {};
  for (const [key, { total }] of Object.entries(player_days)) {
    const [person = "", , event_type, app_id, tag] = JSON.parse(key) as string[];
    if (!isPlayer(person)) continue;
    for (const one of [null, tag]) {
      const place = JSON.stringify([one, person, event_type, app_id]);
      totals[place] = (totals[place] ?? 0) + (total as number);
    }
  }
  const firstDates = Object.entries(players)
    .map(([key, { first_date }]): [string, string] => [JSON.parse(key)[0], first_date as string])
    .filter(([person]) => isPlayer(person));
  return { totals, first_dates: Object.fromEntries(firstDates) };
}
