/**
 * Counts what one invocation asks of the platform: D1 queries, and subrequests, which are calls of D1, R2, queues and
 * Durable Objects and fetches. An invocation that goes over its plan's limits is ended by Cloudflare wherever it is, so
 * loops ask the budget whether there is room for another piece of work. workerd does not enforce these limits locally.
 */
import { log } from "../log.ts";
import { type Limits, PLANS, planOf } from "./plan.ts";
import { shardBindings } from "./shards.ts";

/** The invocation has used up its plan's limit. The call was not made. */
export class BudgetSpent extends Error {}

/** The newest invocations that went over, for the tests, which fail on any. */
export const overruns: string[] = [];
const OVERRUNS_KEPT = 20;

export class Budget {
  queries = 0;
  subrequests = 0;
  readonly invocation: string;
  readonly limits: Limits;
  readonly #until: number;
  #over = false;

  /** `until`, in epoch milliseconds, is when the invocation should end itself. */
  constructor(invocation: string, limits: Limits, until = Number.POSITIVE_INFINITY) {
    this.invocation = invocation;
    this.limits = limits;
    this.#until = until;
  }

  /** Calls that can still be made, of whatever kind they are. */
  get left(): number {
    return Math.min(this.limits.queries - this.queries, this.limits.subrequests - this.subrequests);
  }

  /** Whether there are time and room for a piece of work of so many calls. */
  has(calls: number): boolean {
    return this.left >= calls && Date.now() < this.#until;
  }

  /**
   * Counts one call with so many D1 queries in it. It is not documented whether a batch counts as one query or as its
   * statements: the larger number is counted.
   */
  spend(queries: number): void {
    if (this.queries + queries > this.limits.queries || this.subrequests + 1 > this.limits.subrequests) this.#refuse();
    this.queries += queries;
    this.subrequests++;
  }

  fetch(input: string, init: RequestInit): Promise<Response> {
    this.spend(0);
    return fetch(input, init);
  }

  #refuse(): never {
    const { invocation, limits, queries, subrequests } = this;
    if (!this.#over) {
      this.#over = true;
      log("error", "budget spent", { invocation, queries, subrequests, limits });
      overruns.push(`${invocation}: ${queries} D1 queries, ${subrequests} subrequests`);
      if (overruns.length > OVERRUNS_KEPT) overruns.shift();
    }
    throw new BudgetSpent(
      `This invocation (${invocation}) has made ${queries} D1 queries and ${subrequests} subrequests; its plan allows ${limits.queries} and ${limits.subrequests}.`,
    );
  }
}

const BUDGET = Symbol("budget");
type Metered = Env & { [BUDGET]?: Budget };

/** The budget in which an environment counts. An environment that does not count, as in tests, has all of its plan left. */
export const budgetOf = (env: Env): Budget => (env as Metered)[BUDGET] ?? new Budget("not counted", PLANS[planOf(env)]);

class CountedStatement {
  readonly real: D1PreparedStatement;
  readonly budget: Budget;
  constructor(real: D1PreparedStatement, budget: Budget) {
    this.real = real;
    this.budget = budget;
  }
  bind(...values: unknown[]) {
    return new CountedStatement(this.real.bind(...values), this.budget);
  }
  all() {
    this.budget.spend(1);
    return this.real.all();
  }
  run() {
    this.budget.spend(1);
    return this.real.run();
  }
  first(...column: [string]) {
    this.budget.spend(1);
    return this.real.first(...column);
  }
  raw(...options: [{ columnNames: true }]) {
    this.budget.spend(1);
    return this.real.raw(...options);
  }
}

class CountedDatabase {
  readonly real: D1Database;
  readonly budget: Budget;
  constructor(real: D1Database, budget: Budget) {
    this.real = real;
    this.budget = budget;
  }
  prepare(query: string) {
    return new CountedStatement(this.real.prepare(query), this.budget);
  }
  batch(statements: CountedStatement[]) {
    this.budget.spend(statements.length);
    return this.real.batch(statements.map(({ real }) => real));
  }
}

/** An object whose named methods count as one subrequest each; it has no others. */
function counted<T extends object>(real: T, budget: Budget, names: readonly (keyof T)[]): T {
  const methods = names.map((name) => [
    name,
    (...given: unknown[]) => {
      budget.spend(0);
      return (real[name] as (...given: unknown[]) => unknown)(...given);
    },
  ]);
  return Object.fromEntries(methods) as T;
}

/** A stub has whatever methods its class has. */
const countedStub = <T extends object>(real: T, budget: Budget): T =>
  new Proxy(real, {
    get: (_, name) => {
      const value = (real as Record<string | symbol, unknown>)[name];
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        budget.spend(0);
        return (real as Record<string | symbol, (...given: unknown[]) => unknown>)[name]?.(...given);
      };
    },
  });

const database = (real: D1Database, budget: Budget) => new CountedDatabase(real, budget) as unknown as D1Database;
const bucket = (real: R2Bucket, budget: Budget) => counted(real, budget, ["head", "get", "put", "delete", "list"]);
const queue = (real: Queue, budget: Budget) => counted(real, budget, ["send", "sendBatch"]);
const objects = (real: { getByName(name: string): object }, budget: Budget) => ({
  getByName: (name: string) => countedStub(real.getByName(name), budget),
});

const mail = (real: SendEmail, budget: Budget) => counted(real, budget, ["send"]);

type Remote = D1Database | R2Bucket | Queue | DurableObjectNamespace;
/** Every binding that is called over the network, and how its calls are counted. */
const BINDINGS = {
  DB: database,
  ARCHIVE: bucket,
  EVENTS: queue,
  EVENTS_DLQ: queue,
  RUNNER: objects,
  LIVE: objects,
  REQUEST_LOG: objects,
  METER: objects,
  INTAKE: objects,
  EMAIL: mail,
} satisfies { [Name in keyof Env as Env[Name] extends Remote ? Name : never]: unknown } & { EMAIL: unknown };

/** The same for the databases and queues of shards, whose names are the owner's. */
const shardCounts = (env: Env) =>
  Object.fromEntries(
    shardBindings(env).flatMap((name) => [
      [name, database],
      [name.replace("DB_", "EVENTS_"), queue],
    ]),
  );

/** For each real environment the getters that all of its invocations share; they wrap a binding when it is first used. */
const shared = new WeakMap<Env, Env>();

function sharedOf(env: Env): Env {
  const known = shared.get(env);
  if (known) return known;
  const made = Object.create(env) as Env;
  const bindings = env as unknown as Record<string, unknown>;
  const counted = { ...BINDINGS, ...shardCounts(env) };
  for (const [name, count] of Object.entries(counted) as [string, (real: unknown, budget: Budget) => unknown][]) {
    Object.defineProperty(made, name, {
      enumerable: true,
      get(this: Metered) {
        // The bucket and the mail binding may be absent.
        const value = bindings[name] === undefined ? undefined : count(bindings[name], this[BUDGET] as Budget);
        Object.defineProperty(this, name, { value, enumerable: true });
        return value;
      },
    });
  }
  shared.set(env, made);
  return made;
}

/**
 * The environment for one invocation, with what counts its calls; `until` is when it should end by itself, in epoch
 * milliseconds, and `reserved` are calls that it leaves to its caller.
 */
export function metered(
  env: Env,
  invocation: string,
  { until, reserved = 0 }: { until?: number; reserved?: number } = {},
): { env: Env; budget: Budget } {
  const { queries, subrequests } = PLANS[planOf(env)];
  const limits = { queries: queries - reserved, subrequests: subrequests - reserved };
  const budget = new Budget(invocation, limits, until);
  // Defined, not assigned: the real environment may be a proxy, which an assignment would go through to, for all.
  return { env: Object.create(sharedOf(env), { [BUDGET]: { value: budget } }) as Env, budget };
}
