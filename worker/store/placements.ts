/** Which project is on which shard: rows of `main`. A project without a row is on `main`. */
import { type SQL, sql } from "drizzle-orm";
import { log } from "../log.ts";
import { Remembered } from "../remembered.ts";
import { type Database, mainDatabaseOf } from "./database.ts";
import { MAIN, shardsOf } from "./shards.ts";

/** The shard of a project that is not on `main`, or null. */
export async function placementOf({ main }: Database, project_id: string): Promise<string | null> {
  const [row] = await main.values<[string]>(sql`SELECT shard FROM placements WHERE project_id = ${project_id}`);
  return row?.[0] ?? null;
}

/** How long an isolate uses what it has read. A removed project is not made again within this time. */
const REMEMBERED_MS = 30_000;
const MOST_REMEMBERED = 5_000;
const remembered = new Remembered<string>(MOST_REMEMBERED);

/** The shard of each of these projects; of unknown ones it is `main`. While `main` does not answer, what was read last is used. */
export async function shardsOfProjects(
  env: Env,
  projects: Iterable<string>,
  now: number,
): Promise<Map<string, string>> {
  if (shardsOf(env).length === 1) return new Map();
  const known = new Map([...projects].map((project_id) => [project_id, remembered.get(project_id)]));
  const asked = [...known].flatMap(([project_id, memory]) => (memory && now < memory.until ? [] : [project_id]));
  if (asked.length > 0) {
    try {
      const placed = await placementsOf(mainDatabaseOf(env), asked);
      for (const project_id of asked) {
        // A project without a place may be one that is about to be made on a shard: it is read again the next time.
        const until = placed.has(project_id) ? now + REMEMBERED_MS : now;
        const memory = { value: placed.get(project_id) ?? MAIN, read_at: now, until };
        remembered.set(project_id, memory);
        known.set(project_id, memory);
      }
    } catch (error) {
      if (asked.some((project_id) => !known.get(project_id))) throw error;
      log("warn", "placements not read", { error: String(error) });
    }
  }
  return new Map([...known].map(([project_id, memory]) => [project_id, memory?.value ?? MAIN]));
}

async function placementsOf(main: Database, projects: readonly string[]): Promise<Map<string, string>> {
  return new Map(
    await main.values<[string, string]>(sql`SELECT project_id, shard FROM placements
      WHERE project_id IN (SELECT value FROM json_each(${JSON.stringify(projects)}))`),
  );
}

/** Places a project that is nowhere yet: without a change where it is on `main`, or on another shard. */
export const place = (project_id: string, shard: string): SQL => sql`INSERT INTO placements (project_id, shard)
  SELECT ${project_id}, ${shard} WHERE NOT EXISTS (SELECT 1 FROM projects WHERE project_id = ${project_id})
  ON CONFLICT DO NOTHING`;

export const displace = (project_id: string): SQL => sql`DELETE FROM placements WHERE project_id = ${project_id}`;

/** Whether a project is on another shard than `main`, in SQL of `main`. */
export const isPlaced = (project_id: string): SQL =>
  sql`EXISTS (SELECT 1 FROM placements WHERE project_id = ${project_id})`;

/** The projects of a shard, as a condition over `projects.project_id` of that shard: the first migration makes `default` on each. */
export const isOfShard = (shard: string): SQL => (shard === MAIN ? sql`true` : sql`project_id <> 'default'`);
