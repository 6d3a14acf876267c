/** Two concurrent duties in a reproducible order: one is stopped at one of its calls while the other works. */
import { env } from "cloudflare:workers";

/** Calls at which a duty can be stopped: of the bucket, and of the database. */
export const CALLS = ["get", "put", "batch"] as const;
export type Call = (typeof CALLS)[number];

/** The environment without wakes and without bringing the tables forward: only the duties run that a test runs. */
export const unwoken: Env = {
  ...env,
  RUNNER: { getByName: () => ({ wake: async () => undefined, bringForward: async () => false }) },
} as unknown as Env;

/** The same on the shard of an environment. */
export const unwokenAt = (bindings: Env): Env => Object.create(bindings, { RUNNER: { value: unwoken.RUNNER } }) as Env;

export type Gate = {
  /** The environment in which the `nth` such call waits. */
  env: Env;
  /** Resolves when the call waits, or when `work` has ended, so that it never will. */
  reached(work: Promise<unknown>): Promise<boolean>;
  open(): void;
  /** The number of such calls. */
  calls(): number;
};

/** A gate in front of the real bucket and database; `only` are the keys whose puts count. */
export function gate(call: Call, nth = 1, only = ""): Gate {
  const waiting = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  let calls = 0;
  const wrapped = <T extends object>(real: T): T =>
    new Proxy(real, {
      get: (_, name) => {
        const value = Reflect.get(real, name);
        if (typeof value !== "function") return value;
        if (name !== call) return value.bind(real);
        return async (...given: unknown[]) => {
          if (typeof given[0] === "string" && !given[0].startsWith(only)) return value.apply(real, given);
          if (++calls === nth) {
            waiting.resolve();
            await opened.promise;
          }
          return value.apply(real, given);
        };
      },
    });
  return {
    env: { ...unwoken, DB: wrapped(env.DB), ARCHIVE: wrapped(env.ARCHIVE) },
    reached: async (work) => {
      const ended = work.then(
        () => false,
        () => false,
      );
      return Promise.race([waiting.promise.then(() => true), ended]);
    },
    open: opened.resolve,
    calls: () => calls,
  };
}
