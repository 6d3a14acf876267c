/** Two duties at once, in an order that is the same each time: one is held at a call of its own while the other works. */
import { env } from "cloudflare:workers";

/** Calls at which a duty can be held: of the bucket, and of the database. */
export const CALLS = ["get", "put", "batch"] as const;
export type Call = (typeof CALLS)[number];

/** The environment, where wakes are lost and nobody brings the tables forward: no duty runs but those that a test runs. */
export const unwoken: Env = {
  ...env,
  RUNNER: { getByName: () => ({ wake: async () => undefined, bringForward: async () => false }) },
} as unknown as Env;

export type Gate = {
  /** The environment, where the `nth` such call waits. */
  env: Env;
  /** The call waits; or it never will, since `work` has ended. */
  reached(work: Promise<unknown>): Promise<boolean>;
  open(): void;
  /** How many such calls there were. */
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
