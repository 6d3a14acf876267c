/** The events API, in the document. */
import * as z from "zod";
import { projectId, wireEvent } from "../event.ts";
import { batchAnswer, eventAnswer, noneTaken } from "./answers.ts";
import type { Operation } from "./operation.ts";

const event = wireEvent.meta({
  id: "Event",
  description: "`player_id` or `visitor_id` is required; `amount` and `currency` come together. At most 32 KB.",
});
const most = z.array(event).min(1).max(500);

const spin = { event_type: "spin", player_id: "player-42", app_id: "comet", data: { level: 9 } };
const purchase = { event_type: "purchase", player_id: "player-42", amount: "4.99", currency: "EUR" };

export const eventOperations: Operation[] = [
  {
    id: "sendEvents",
    tag: "Events",
    method: "post",
    path: "/api/v1/events",
    summary: "Send one event or up to 500",
    description:
      'One event, an array, or `{"events":[…]}`; at most 512 KB unpacked. Each event is judged by itself, and those ' +
      "that are accepted are durable before the answer. Give an `event_id` to be able to send again safely.",
    role: "collect",
    query: z.object({ project_id: projectId.optional() }),
    body: {
      schema: z.union([event, most, z.object({ events: most })]),
      gzip: true,
      examples: { "One event": spin, Batch: { events: [spin, purchase] }, Array: [spin] },
    },
    answers: {
      202: {
        description: "Accepted: one event with its id; of a batch some or all, each with its outcome.",
        content: { "application/json": z.union([eventAnswer, batchAnswer]) },
      },
      400: {
        description: "None could be taken; `results` says of each event why.",
        content: { "application/problem+json": noneTaken },
      },
    },
    problems: [503],
  },
];
