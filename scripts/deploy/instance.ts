/** The parts of a deployment by name: the names of wrangler.toml; for `--env`, names with the environment in them. */
import { relative, resolve } from "node:path";
import type { Plan } from "../../worker/store/plan.ts";
import { shardOf } from "../databases.ts";

/** wrangler.toml, as far as a deployment changes it. */
export type Settings = {
  name: string;
  main: string;
  account_id?: string;
  assets: { directory: string };
  d1_databases: { binding: string; database_name: string; database_id?: string; migrations_dir: string }[];
  r2_buckets: { binding: string; bucket_name: string }[];
  queues: {
    producers: { binding: string; queue: string }[];
    consumers: { queue: string; dead_letter_queue?: string }[];
  };
  ratelimits: { name: string; namespace_id: string }[];
  vars: { PLAN: string };
};

export type Database = {
  binding: string;
  name: string;
  /** The id where wrangler.toml has it: a Deploy to Cloudflare button writes it there. */
  id: string | undefined;
};

export type Instance = {
  /** The environment of `--env`; "production" without it. */
  environment: string;
  worker: string;
  /** `DB`, and then those of the shards. */
  databases: readonly Database[];
  queues: readonly string[];
  /** Null without an archive. */
  bucket: string | null;
};

export const PRODUCTION = "production";

/** `edgepixel-events` becomes `edgepixel-staging-events`. The end stays, since it marks the queue of dead letters. */
const named = (settings: Settings, environment: string) => (name: string) => {
  if (environment === PRODUCTION) return name;
  const fullName = `${settings.name}-${environment}`;
  return name.startsWith(settings.name) ? fullName + name.slice(settings.name.length) : `${fullName}-${name}`;
};

function checkDatabases(databases: readonly Database[]): void {
  for (const { binding } of databases) shardOf(binding);
  if (databases[0]?.binding !== "DB") throw new Error("wrangler.toml must name a database with the binding DB.");
  const names = new Set<string>();
  for (const { name } of databases) {
    if (names.has(name)) throw new Error(`Two databases of wrangler.toml have the database_name ${name}.`);
    names.add(name);
  }
}

/** A shard may have a queue `EVENTS_<NAME>`. The Worker knows what it consumes by the end of a queue's name: worker/queues.ts. */
function checkQueues({ queues: { producers, consumers } }: Settings, databases: readonly Database[]): void {
  for (const { binding, queue } of producers) {
    const [, shard] = /^EVENTS_(?!DLQ$)(.+)$/.exec(binding) ?? [];
    if (!shard) continue;
    if (!databases.some((database) => database.binding === `DB_${shard}`))
      throw new Error(`wrangler.toml has the queue ${binding} of a shard, and no database DB_${shard}.`);
    if (!queue.endsWith("-events"))
      throw new Error(
        `The name of the queue ${binding} in wrangler.toml must end with -events, such as edgepixel-${shard.toLowerCase()}-events, not be ${queue}: the Worker knows by the end what it consumes.`,
      );
    if (!consumers.some((consumer) => consumer.queue === queue))
      throw new Error(`Nothing consumes the queue ${queue}: add it to wrangler.toml as a [[queues.consumers]], too.`);
  }
}

export function instanceOf(settings: Settings, environment: string, archive: boolean): Instance {
  const name = named(settings, environment);
  const [bucket] = settings.r2_buckets;
  if (!bucket) throw new Error("wrangler.toml must name a bucket.");
  const production = environment === PRODUCTION;
  const databases = settings.d1_databases
    .map(({ binding, database_name, database_id }) => ({
      binding,
      name: name(database_name),
      id: production ? database_id : undefined,
    }))
    .sort((a, b) => (a.binding < b.binding ? -1 : 1));
  checkDatabases(databases);
  checkQueues(settings, databases);
  return {
    environment,
    // Workers Builds may use another name for the Worker; Wrangler reads the same variable.
    worker: (production && process.env.WRANGLER_CI_OVERRIDE_NAME) || name(settings.name),
    databases,
    queues: settings.queues.producers.map(({ queue }) => name(queue)),
    bucket: archive ? name(bucket.bucket_name) : null,
  };
}

/** Two Workers with the same namespace share one count of requests, so each environment has a separate namespace. */
function namespaceOf(id: string, environment: string): string {
  if (environment === PRODUCTION) return id;
  const hash = [...environment].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 99_991, 7);
  return `${id}${String(hash).padStart(5, "0")}`;
}

export type Deployed = {
  /** In the order of the instance's databases. */
  databaseIds: readonly string[];
  jurisdiction: string | null;
  plan: Plan;
  /** Null: a workers.dev address. */
  domain: string | null;
  /** Whether the configuration makes the domain lead to the Worker. */
  attached: boolean;
};

/**
 * The configuration that Wrangler deploys, for a file in `folder`. It is generated, and not an `[env.…]` of wrangler.toml:
 * environments inherit no bindings, so each would repeat nearly all of that file, and the id of the database, the
 * jurisdiction and a left-out bucket are known only here.
 */
export function configurationOf(settings: Settings, instance: Instance, deployed: Deployed, folder: string): object {
  const { environment, worker, databases, bucket } = instance;
  const name = named(settings, environment);
  const path = (file: string) => relative(folder, resolve(file));
  const inPlace = deployed.jurisdiction === null ? {} : { jurisdiction: deployed.jurisdiction };
  return {
    ...settings,
    name: worker,
    main: path(settings.main),
    assets: { ...settings.assets, directory: path(settings.assets.directory) },
    d1_databases: databases.map(({ binding, name: database_name }, index) => ({
      binding,
      database_name,
      database_id: deployed.databaseIds[index],
      // A shard has the migrations of all databases.
      migrations_dir: path(settings.d1_databases[0]?.migrations_dir ?? "migrations"),
    })),
    r2_buckets: bucket === null ? [] : settings.r2_buckets.map((one) => ({ ...one, ...inPlace, bucket_name: bucket })),
    queues: {
      producers: settings.queues.producers.map((one) => ({ ...one, queue: name(one.queue) })),
      consumers: settings.queues.consumers.map(({ queue, dead_letter_queue, ...more }) => ({
        ...more,
        queue: name(queue),
        ...(dead_letter_queue !== undefined && { dead_letter_queue: name(dead_letter_queue) }),
      })),
    },
    ratelimits: settings.ratelimits.map((one) => ({
      ...one,
      namespace_id: namespaceOf(one.namespace_id, environment),
    })),
    vars: { ...settings.vars, PLAN: deployed.plan },
    ...(deployed.domain !== null && {
      workers_dev: false,
      routes: deployed.attached ? [{ pattern: deployed.domain, custom_domain: true }] : [],
    }),
  };
}
