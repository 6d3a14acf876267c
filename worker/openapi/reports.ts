/** The OpenAPI operations of the reports and of the live figures. */

import { json, type Operation } from "../http/operation.ts";
import { REPORTS } from "../reports/index.ts";
import { realtimeQuery } from "../reports/realtime.ts";
import { FORMATS } from "../reports/table.ts";
import { liveMessage, snapshot } from "./answers.ts";

export const reportOperations: Operation[] = REPORTS.map(
  ({ id, path, summary, description, role, query, answer, holds, examples, problems = [], keptBy }): Operation => ({
    id,
    tag: "Reports",
    method: "get",
    path: `/api/v1${path.replace(/:(\w+)/g, "{$1}")}`,
    summary,
    description,
    role,
    query,
    ...(examples && { examples }),
    answers: {
      200: {
        description: holds,
        content: json(answer),
        tables: [FORMATS.csv, FORMATS.ndjson],
      },
    },
    // 409: the project has too many filters.
    problems: [...problems, ...(keptBy ? ([409] as const) : [])],
  }),
);

export const liveOperations: Operation[] = [
  {
    id: "getRealtime",
    tag: "Live",
    method: "get",
    path: "/api/v1/realtime",
    summary: "The last 1, 5 and 60 minutes, and today",
    description: "From counters that follow the log within two seconds. `listen` pushes the same.",
    role: "viewer",
    query: realtimeQuery,
    answers: { 200: { description: "By type, with the top tags, countries and devices.", content: json(snapshot) } },
  },
  {
    id: "listen",
    tag: "Live",
    method: "get",
    path: "/api/v1/live",
    summary: "The same, pushed over a WebSocket",
    description:
      "Sends a `snapshot` on connecting and whenever you send anything, then `counts` and `events` as they come. " +
      "Closes with the code 4000 after 15 minutes: connect again. A page that has no cookie sends its bearer as " +
      "`Sec-WebSocket-Protocol: bearer, <session>`.",
    role: "viewer",
    query: realtimeQuery,
    answers: { 101: { description: "The connection becomes a WebSocket." } },
    problems: [426],
    messages: liveMessage,
  },
];
