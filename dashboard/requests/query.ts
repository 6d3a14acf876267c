/** Requests of the request log. */
import type { ErrorCode } from "../../worker/event.ts";
import type { Address } from "../address.ts";
import { client } from "../api.ts";
import { csvOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

type Status = "accepted" | "rejected";
export const statusOf = ({ part }: Address): Status | undefined =>
  part === "accepted" || part === "rejected" ? part : undefined;

const asked = ({ address }: Scope) => ({
  project_id: address.project_id,
  status: statusOf(address),
  event_type: address.event_type,
  // The server reports values that are no codes.
  code: address.code as ErrorCode | undefined,
});

const ask = (filter: Partial<ReturnType<typeof asked>>, limit: string, cursor?: string) =>
  query("requests", { ...filter, limit, cursor }, ({ cursor, ...asked }, options) =>
    // The typed client has the cursor's type after the server has parsed it.
    client.requests.$get({ query: { ...asked, ...(cursor && ({ cursor } as object)) } }, options),
  );

const PAGE = "100";

/** `held`: not refreshed until the reader resumes. */
export const requests = (scope: Scope, cursor: string | undefined, held: boolean) => ({
  ...ask(asked(scope), PAGE, cursor),
  steady: held,
});

export const requestsCsv = (scope: Scope): string =>
  csvOf(client.requests.$url({ query: { ...given(asked(scope)), limit: "1000" } }));

/** The last few rejected requests. */
export const lastRejected = ({ address: { project_id } }: Scope) => ask({ project_id, status: "rejected" }, "3");
