/** The OpenAPI operations of the events API and of imports. */
import * as z from "zod";
import { importedEvent, projectId, wireEvent } from "../event.ts";
import type { Operation } from "../http/operation.ts";
import { batchAnswer, eventAnswer, noneTaken } from "./answers.ts";

const event = wireEvent.meta({
  id: "Event",
  description:
    "`player_id` or `visitor_id` is required; `amount` and `currency` come together. A whole number in the place of an id is " +
    "taken as its digits. At most 32 KB.",
});
const imported = importedEvent.meta({
  id: "ImportedEvent",
  description: "`timestamp` is required and may be any since 2000; who sent it may be given. At most 32 KB.",
});
const most = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(500);
const anyOf = <Item extends z.ZodType>(item: Item) => z.union([item, most(item), z.object({ events: most(item) })]);

const spin = { event_type: "spin", player_id: "player-42", app_id: "comet", data: { level: 9 } };
const purchase = { event_type: "purchase", player_id: "player-42", amount: "4.99", currency: "EUR" };
const hit = {
  event_id: "old-tracker-1",
  event_type: "visit",
  player_id: "player-42",
  banner_tag: "summer",
  timestamp: "2019-06-01T12:00:00+02:00",
  source_ip: "192.0.2.17",
  user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 12_3 like Mac OS X)",
  referrer: "https://bonus.example/offers",
};

/** The answers of every route that takes a body of events. */
const answers: Operation["answers"] = {
  202: {
    description: "Accepted: one event with its id; of a batch some or all, each with its outcome.",
    content: { "application/json": z.union([eventAnswer, batchAnswer]) },
  },
  400: {
    description: "None could be taken; `results` says of each event why.",
    content: { "application/problem+json": noneTaken },
  },
};
const query = z.object({ project_id: projectId.optional() });

export const eventOperations: Operation[] = [
  {
    id: "sendEvents",
    tag: "Events",
    method: "post",
    path: "/api/v1/events",
    summary: "Send one event or up to 500",
    description:
      'One event, an array, or `{"events":[…]}`; at most 512 KB unpacked. Each event is judged by itself, and those ' +
      "that are accepted are durable before the answer. Give an `event_id`, or an `Idempotency-Key` for the whole body, to " +
      "be able to send again safely.",
    role: "collect",
    query,
    body: {
      schema: anyOf(event),
      gzip: true,
      repeatable: true,
      examples: { "One event": spin, Batch: { events: [spin, purchase] }, Array: [spin] },
    },
    answers,
    problems: [503],
  },
  {
    id: "importEvents",
    tag: "Administration",
    method: "post",
    path: "/api/v1/import",
    summary: "Import old events, one or up to 500",
    description:
      "As `/api/v1/events`, for events of any age: they say when they happened, and may say who sent them. " +
      "`npm run import` reads files of any size through it. Give each an `event_id`, and importing again counts nothing twice.",
    role: "admin",
    query,
    body: {
      schema: anyOf(imported),
      gzip: true,
      repeatable: true,
      examples: { Batch: { events: [hit] }, "One event": hit },
    },
    answers,
    problems: [503],
  },
];
