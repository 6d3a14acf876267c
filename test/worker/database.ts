/** The real database behind a guard, which counts what is asked of it, or makes it fail. */
import { env } from "cloudflare:workers";

export type Guard = <Answer>(act: () => Promise<Answer>) => Promise<Answer>;

/** The real thing, with some of its methods behind the guard. */
export const guarded = <Target extends object>(target: Target, names: readonly string[], guard: Guard): Target =>
  new Proxy(target, {
    get: (real, name) => {
      const value = Reflect.get(real, name);
      if (typeof value !== "function") return value;
      return names.includes(String(name))
        ? (...given: unknown[]) => guard(() => value.apply(real, given))
        : value.bind(real);
    },
  });

/** A batch goes through the guard once, as a statement by itself does. */
export function guardedDatabase(guard: Guard): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>();
  const statement = (original: D1PreparedStatement): D1PreparedStatement => {
    const runs = guarded(original, ["all", "raw", "run", "first"], guard);
    const proxy = new Proxy(runs, {
      get: (target, name) =>
        name === "bind" ? (...values: unknown[]) => statement(original.bind(...values)) : Reflect.get(target, name),
    });
    originals.set(proxy, original);
    return proxy;
  };
  return new Proxy(env.DB, {
    get: (real, name) => {
      if (name === "prepare") return (text: string) => statement(real.prepare(text));
      if (name === "batch")
        return (given: D1PreparedStatement[]) =>
          guard(() => real.batch(given.map((one) => originals.get(one) as D1PreparedStatement)));
      const value = Reflect.get(real, name);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
}

/** The environment with a database that counts its calls, and can be away. */
export function watched() {
  const seen = { calls: 0, away: false };
  const DB = guardedDatabase(async (act) => {
    seen.calls++;
    if (seen.away) throw new Error("D1_ERROR: the database is away");
    return act();
  });
  return { bindings: { ...env, DB } satisfies Env, seen };
}
