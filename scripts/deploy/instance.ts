/** The parts of a deployment by name: the names of wrangler.toml; for `--env`, names with the environment in them. */
import { relative, resolve } from "node:path";
import type { Plan } from "../../worker/store/plan.ts";

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

export type Instance = {
  /** The environment of `--env`; "production" without it. */
  environment: string;
  worker: string;
  database: string;
  /** The id of the database where wrangler.toml has it: a Deploy to Cloudflare button writes it there. */
  databaseId: string | undefined;
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

export function instanceOf(settings: Settings, environment: string, archive: boolean): Instance {
  const name = named(settings, environment);
  const [database] = settings.d1_databases;
  const [bucket] = settings.r2_buckets;
  if (!database || !bucket) throw new Error("wrangler.toml must name a database and a bucket.");
  const production = environment === PRODUCTION;
  return {
    environment,
    // Workers Builds may use another name for the Worker; Wrangler reads the same variable.
    worker: (production && process.env.WRANGLER_CI_OVERRIDE_NAME) || name(settings.name),
    database: name(database.database_name),
    databaseId: production ? database.database_id : undefined,
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
  databaseId: string;
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
  const { environment, worker, database, bucket } = instance;
  const name = named(settings, environment);
  const path = (file: string) => relative(folder, resolve(file));
  const inPlace = deployed.jurisdiction === null ? {} : { jurisdiction: deployed.jurisdiction };
  return {
    ...settings,
    name: worker,
    main: path(settings.main),
    assets: { ...settings.assets, directory: path(settings.assets.directory) },
    d1_databases: settings.d1_databases.map(({ binding, migrations_dir }) => ({
      binding,
      database_name: database,
      database_id: deployed.databaseId,
      migrations_dir: path(migrations_dir),
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
