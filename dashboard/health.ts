/** How the instance is, as it says of itself. */
import type { Health } from "../worker/reports/health.ts";
import type { Query } from "./answers.ts";
import { read } from "./api.ts";

/** Open to everyone, and no part of the API. Its status says how the instance is: a 503 has the same body. */
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
