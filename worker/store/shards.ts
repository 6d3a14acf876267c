/**
 * The databases of an installation. `main` is the binding `DB`. Each further binding `DB_<NAME>` is a shard `<name>`: a whole store
 * for some of the projects, with its own event log, figures, duties and part of the archive. `main` also has what is needed before
 * the project of a request is known: keys, sessions, and which project is on which shard. Everything else takes an environment, whose
 * `DB` and `ARCHIVE` are those of a shard, and does not know how many there are.
 */
import { prefixed } from "./prefixed-bucket.ts";

export const MAIN = "main";
const BINDING = /^DB_[A-Z0-9]+$/;

const SHARD = Symbol("shard");
const MAIN_ENV = Symbol("main environment");
type OnShard = Env & { [SHARD]?: string; [MAIN_ENV]?: Env };
type Bindings = Record<string, unknown>;

/** The names of the bindings of further databases. Without these an environment has one database. */
export function shardBindings(env: Env): string[] {
  const names: string[] = [];
  for (const name in env) if (BINDING.test(name)) names.push(name);
  return names.sort();
}

const nameOf = (binding: string): string => binding.slice("DB_".length).toLowerCase();

/** All shards, `main` first. */
export const shardsOf = (env: Env): string[] => [MAIN, ...shardBindings(mainOf(env)).map(nameOf)];

/** The shard whose database and archive an environment has. */
export const shardOf = (env: Env): string => (env as OnShard)[SHARD] ?? MAIN;

export const mainOf = (env: Env): Env => (env as OnShard)[MAIN_ENV] ?? env;

/** The environment with the database of a shard, its part of the archive, and its queue where it has one. @throws for an unknown shard. */
export function onShard(env: Env, shard: string): Env {
  if (shardOf(env) === shard) return env;
  const main = mainOf(env);
  if (shard === MAIN) return main;
  const name = shard.toUpperCase();
  const binding = `DB_${name}`;
  if (!shardsOf(env).includes(shard)) throw new Error(`There is no binding ${binding}: the shard ${shard} is unknown.`);
  const bindings = main as unknown as Bindings;
  const made: PropertyDescriptorMap = {
    [SHARD]: { value: shard },
    [MAIN_ENV]: { value: main },
    DB: { value: bindings[binding] },
    ARCHIVE: { value: main.ARCHIVE && prefixed(main.ARCHIVE, `shards/${shard}/`) },
    EVENTS: { value: bindings[`EVENTS_${name}`] ?? main.EVENTS },
  };
  return Object.create(main, made) as Env;
}

/** The same for all shards, `main` first. */
export const everyShard = (env: Env): Env[] => shardsOf(env).map((shard) => onShard(env, shard));
