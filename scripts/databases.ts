/**
 * The databases of an instance, as wrangler.toml names them: `DB`, and a shard for each further binding `DB_<NAME>`
 * (docs/scale.md).
 */
import { MAIN } from "../worker/store/shards.ts";

/** The Worker reads no other bindings: worker/store/shards.ts. */
const BINDING = /^DB(?:_([A-Z0-9]{1,20}))?$/;

/** `main` is the first database, and the queue EVENTS_DLQ is no shard's. */
const RESERVED: readonly string[] = ["DB_MAIN", "DB_DLQ"];

/** The shard whose database a binding is. @throws for a name that the Worker would not find. */
export function shardOf(binding: string): string {
  const found = BINDING.exec(binding);
  if (!found || RESERVED.includes(binding))
    throw new Error(
      `wrangler.toml has a database with the binding ${binding}: it must be DB, or for a shard DB_ and a name of up to 20 capital letters and digits, such as DB_2; ${RESERVED.join(" and ")} are not possible.`,
    );
  return found[1]?.toLowerCase() ?? MAIN;
}

/** A database on this machine. */
export type LocalDatabase = {
  binding: string;
  /** The name that Wrangler makes the name of its local file from. */
  localId: string;
};

/**
 * The databases in the text of wrangler.toml, `DB` first. Wrangler could read it, too, but takes two seconds to load, which every
 * start would wait for.
 */
export function databasesIn(toml: string): LocalDatabase[] {
  const tables = toml.split(/^(?=[ \t]*\[)/m).filter((table) => /^\s*\[\[\s*d1_databases\s*\]\]/.test(table));
  const databases = tables.map((table): LocalDatabase => {
    const read = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*["']([^"'\\n]+)["']`, "m").exec(table)?.[1];
    const binding = read("binding");
    if (!binding) throw new Error("A [[d1_databases]] of wrangler.toml has no binding.");
    shardOf(binding);
    return { binding, localId: read("preview_database_id") ?? read("database_id") ?? binding };
  });
  const twice = databases.find(({ localId }, index) => databases.findIndex((one) => one.localId === localId) < index);
  if (twice)
    throw new Error(
      `Two databases of wrangler.toml have the preview_database_id ${twice.localId}: give ${twice.binding} another one.`,
    );
  if (!databases.some(({ binding }) => binding === "DB")) throw new Error("wrangler.toml has no database DB.");
  return databases.sort((a, b) => (a.binding < b.binding ? -1 : 1));
}
