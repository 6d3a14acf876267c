/** The real database behind a guard, which counts its calls, or makes them fail. */
import { env } from "cloudflare:workers";

/** `reads`: the call changes nothing. */
export type Guard = <Answer>(act: () => Promise<Answer>, reads: boolean) => Promise<Answer>;

/** The real object, with some of its methods behind the guard: those that read, and those that may write. */
export const guarded = <Target extends object>(
  target: Target,
  { reads, writes }: { reads: readonly string[]; writes: readonly string[] },
  guard: Guard,
): Target =>
  new Proxy(target, {
    get: (real, name) => {
      const value = Reflect.get(real, name);
      if (typeof value !== "function") return value;
      const only = reads.includes(String(name));
      return only || writes.includes(String(name))
        ? (...given: unknown[]) => guard(() => value.apply(real, given), only)
        : value.bind(real);
    },
  });

const RUNS = ["all", "raw", "run", "first"];
const isRead = (text: string) =>
  /^\s*(?:SELECT|WITH)\b/i.test(text) && !/\b(?:INSERT|UPDATE|DELETE|REPLACE)\b/i.test(text);

/** A batch passes the guard once, like a single statement. */
export function guardedDatabase(guard: Guard): D1Database {
  const originals = new WeakMap<object, { original: D1PreparedStatement; reads: boolean }>();
  const statement = (original: D1PreparedStatement, reads: boolean): D1PreparedStatement => {
    const runs = guarded(original, reads ? { reads: RUNS, writes: [] } : { reads: [], writes: RUNS }, guard);
    const proxy = new Proxy(runs, {
      get: (target, name) =>
        name === "bind"
          ? (...values: unknown[]) => statement(original.bind(...values), reads)
          : Reflect.get(target, name),
    });
    originals.set(proxy, { original, reads });
    return proxy;
  };
  return new Proxy(env.DB, {
    get: (real, name) => {
      if (name === "prepare") return (text: string) => statement(real.prepare(text), isRead(text));
      if (name === "batch")
        return (given: D1PreparedStatement[]) => {
          const all = given.flatMap((one) => originals.get(one) ?? []);
          const reads = all.every((one) => one.reads);
          return guard(() => real.batch(all.map(({ original }) => original)), reads);
        };
      const value = Reflect.get(real, name);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
}

/** The environment with a database that counts its calls, and can be made to fail. */
export function watched() {
  const seen = { calls: 0, away: false };
  const DB = guardedDatabase(async (act) => {
    seen.calls++;
    if (seen.away) throw new Error("D1_ERROR: the database is away");
    return act();
  });
  return { bindings: { ...env, DB } satisfies Env, seen };
}

/** The database of an invocation that ends at its call number `calls`, counted from 0: before it, or `behind` it. */
export function databaseThatEnds(calls: number, behind: boolean): D1Database {
  let left = calls;
  return guardedDatabase(async (act) => {
    if (left-- > 0) return act();
    if (behind) await act();
    throw new Error("D1_ERROR: the invocation was ended");
  });
}

/** The database, which runs something once, just before the first transaction that moves a projection. */
export function databaseWith(happens: () => Promise<unknown>): D1Database {
  let isWriting = false;
  let hasHappened = false;
  return new Proxy(env.DB, {
    get(real, name) {
      const value = Reflect.get(real, name);
      if (name === "prepare")
        return (text: string) => {
          isWriting ||= text.startsWith("INSERT INTO projections");
          return real.prepare(text);
        };
      if (name !== "batch") return typeof value === "function" ? value.bind(real) : value;
      return async (statements: D1PreparedStatement[]) => {
        if (isWriting && !hasHappened) {
          hasHappened = true;
          await happens();
        }
        return real.batch(statements);
      };
    },
  });
}
