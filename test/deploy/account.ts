/** A simulated Cloudflare account, as far as a deployment uses it: its contents, and the errors of refused calls. */
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { unstable_splitSqlQuery as split } from "wrangler";

export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type Database = {
  uuid: string;
  name: string;
  jurisdiction: string | null;
  location: string | null;
  sql: DatabaseSync;
  /** Every statement that changed it. */
  changes: { sql: string; params: string[] }[];
};
type Consumer = { consumer_id: string; script: string; type: "worker"; settings: object; dead_letter_queue?: string };
export type Queue = { queue_id: string; queue_name: string; consumers: Consumer[] };
export type Binding = { type: string; name: string; text?: string } & Record<string, unknown>;
export type Metadata = {
  main_module: string;
  bindings: Binding[];
  keep_bindings?: string[];
  compatibility_date: string;
  migrations?: { new_tag: string; steps: object[] };
  assets?: { jwt: string; config?: Record<string, unknown> };
};
export type Version = {
  id: string;
  /** The migrations that its database had when it was uploaded. */
  applied: string[];
  metadata: Metadata;
  modules: Map<string, string>;
  assets: Map<string, string>;
};
export type Script = {
  name: string;
  versions: Version[];
  bindings: Binding[];
  migration_tag: string | undefined;
  schedules: string[];
  workersDev: boolean;
};
export type Zone = { id: string; name: string; status: string };

/** A right of a token; those of the template "Edit Cloudflare Workers" and the two that it lacks. */
export type Right = "workers" | "d1" | "queues" | "r2" | "zones";
const ALL_RIGHTS: readonly Right[] = ["workers", "d1", "queues", "r2", "zones"];

export class Account {
  readonly id = "0123456789abcdef0123456789abcdef";
  readonly name = "Test";
  /** Other accounts of the same login. */
  readonly others: { id: string; name: string }[] = [];
  token = "test-token";
  rights = new Set<Right>(ALL_RIGHTS);
  subdomain: string | null = "owner";
  r2 = true;
  readonly databases: Database[] = [];
  readonly queues: Queue[] = [];
  readonly buckets = new Map<string, { location: string | null; jurisdiction: string | null }>();
  readonly scripts = new Map<string, Script>();
  readonly zones: Zone[] = [];
  readonly domains = new Map<string, string>();
  /** Names with an existing DNS record. */
  readonly records = new Set<string>();
  /** Uploaded files by hash, base64; and the manifest of each session. */
  readonly files = new Map<string, string>();
  readonly sessions = new Map<string, Map<string, string>>();

  may(right: Right): void {
    if (!this.rights.has(right)) throw new Refusal(403, 10_000, "Authentication error");
  }

  database(idOrName: string): Database {
    const found = this.databases.find(({ uuid, name }) => uuid === idOrName || name === idOrName);
    if (!found) throw new Refusal(404, 7404, `The database ${idOrName} could not be found`);
    return found;
  }

  createDatabase(name: string, location: string | null, jurisdiction: string | null): Database {
    if (this.databases.some((one) => one.name === name))
      throw new Refusal(400, 7502, `Database with name '${name}' already exists`);
    const made = { uuid: randomUUID(), name, jurisdiction, location, sql: new DatabaseSync(":memory:"), changes: [] };
    this.databases.push(made);
    return made;
  }

  /** Runs all statements of a query or none, as D1 does. */
  query(database: Database, sql: string, params: string[]): object[] {
    const statements = split(sql);
    const changes: Database["changes"] = [];
    database.sql.exec("BEGIN");
    try {
      const results = statements.map((statement) => {
        const rows = database.sql.prepare(statement).all(...params);
        if (!/^\s*(?:select|pragma)/i.test(statement)) changes.push({ sql: statement, params });
        return { results: rows, success: true, meta: { duration: 0, changes: 0, rows_read: 0, rows_written: 0 } };
      });
      database.sql.exec("COMMIT");
      database.changes.push(...changes);
      return results;
    } catch (error) {
      database.sql.exec("ROLLBACK");
      throw new Refusal(400, 7500, (error as Error).message);
    }
  }

  /** Its migrations, in the order in which they were applied. */
  applied({ sql }: Database): string[] {
    const table = sql.prepare("SELECT 1 FROM sqlite_master WHERE name = 'd1_migrations'").get();
    const rows = table ? sql.prepare("SELECT name FROM d1_migrations ORDER BY id").all() : [];
    return rows.map(({ name }) => String(name));
  }

  createQueue(queue_name: string): Queue {
    if (this.queues.some((one) => one.queue_name === queue_name))
      throw new Refusal(
        409,
        11_009,
        `Queue name '${queue_name}' is already taken. Please use a different name and try again.`,
      );
    const made = { queue_id: randomUUID().replaceAll("-", ""), queue_name, consumers: [] };
    this.queues.push(made);
    return made;
  }

  queue(id: string): Queue {
    const found = this.queues.find(({ queue_id }) => queue_id === id);
    if (!found) throw new Refusal(404, 11_000, "Queue not found");
    return found;
  }

  addConsumer(id: string, given: { script_name: string; settings: object; dead_letter_queue?: string }): Consumer {
    const queue = this.queue(id);
    if (queue.consumers.length > 0)
      throw new Refusal(400, 11_004, `Queue ${queue.queue_name} already has a consumer [code: consumer_exists]`);
    const { script_name: script, ...more } = given;
    const made: Consumer = { consumer_id: randomUUID(), script, ...more, type: "worker" };
    queue.consumers.push(made);
    return made;
  }

  createBucket(name: string, location: string | null, jurisdiction: string | null): void {
    this.needsR2();
    if (this.buckets.has(name)) throw new Refusal(409, 10_004, "The bucket you tried to create already exists");
    this.buckets.set(name, { location, jurisdiction });
  }

  needsR2(code = 10_042): void {
    if (!this.r2) throw new Refusal(403, code, "Please enable R2 through the Cloudflare Dashboard.");
  }

  script(name: string, code = 10_007): Script {
    const found = this.scripts.get(name);
    if (!found) throw new Refusal(404, code, "This Worker does not exist on your account.");
    return found;
  }

  /** A version from an upload: what it binds must exist. */
  upload(name: string, metadata: Metadata, modules: Map<string, string>): Version {
    if (!this.subdomain && !this.domains.size)
      throw new Refusal(403, 10_063, "You need a workers.dev subdomain in order to proceed.");
    const script = this.scripts.get(name);
    const bindings = metadata.bindings.map((binding) =>
      binding.type === "inherit" ? (script?.bindings.find((one) => one.name === binding.name) ?? binding) : binding,
    );
    for (const binding of bindings) this.#mustExist(binding);
    const given = new Set(bindings.map((binding) => binding.name));
    const kept = (script?.bindings ?? []).filter(
      (binding) => metadata.keep_bindings?.includes(binding.type) && !given.has(binding.name),
    );
    const tag = metadata.migrations?.new_tag;
    const version: Version = {
      id: randomUUID(),
      metadata,
      modules,
      applied: bindings
        .filter(({ type }) => type === "d1")
        .flatMap(({ id }) => this.applied(this.database(id as string))),
      assets: this.sessions.get(metadata.assets?.jwt ?? "") ?? new Map(),
    };
    this.scripts.set(name, {
      name,
      versions: [version, ...(script?.versions ?? [])],
      bindings: [...bindings, ...kept],
      migration_tag: tag ?? script?.migration_tag,
      schedules: script?.schedules ?? [],
      workersDev: script?.workersDev ?? false,
    });
    return version;
  }

  #mustExist(binding: Binding): void {
    const invalid = () =>
      new Refusal(400, 10_021, `binding ${binding.name} of type ${binding.type} must have a valid id`);
    if (binding.type === "d1" && !this.databases.some(({ uuid }) => uuid === binding.id)) throw invalid();
    if (binding.type === "queue" && !this.queues.some((one) => one.queue_name === binding.queue_name)) throw invalid();
    if (binding.type === "r2_bucket") {
      this.needsR2(10_136);
      const bucket = this.buckets.get(binding.bucket_name as string);
      if (!bucket || (bucket.jurisdiction ?? undefined) !== binding.jurisdiction) throw invalid();
    }
  }
}
