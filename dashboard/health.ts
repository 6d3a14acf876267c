/** The health of the instance, from `/health`. */
import type { Health } from "../worker/reports/health.ts";
import type { Query } from "./answers.ts";
import { read } from "./api.ts";

/** Open to everybody, and no part of the API. A 503 has the same body. */
export const health = (): Query<Health> => ({
  key: "health",
  ask: (signal) =>
    read(
      fetch("/health", { signal }).then((answer) => ({
        ok: answer.headers.get("content-type")?.startsWith("application/json") ?? false,
        status: answer.status,
        headers: answer.headers,
        json: () => answer.json() as Promise<Health>,
      })),
    ),
});
