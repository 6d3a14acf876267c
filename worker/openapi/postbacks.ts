/** Outbound postbacks, in the document. */
import { newTarget, resending, targetChanges, targetsQuery, triesQuery } from "../admin/postbacks.ts";
import {
  changedTarget,
  paged,
  postbackTarget,
  postbackTry,
  resent,
  rows,
  shownTarget,
  testedTarget,
} from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const postbacks = { tag: "Postbacks", role: "admin" } as const;
const EXAMPLE = {
  project_id: "default",
  name: "A network",
  event_types: ["deposit"],
  url: "https://tracker.example.com/postback?click={click_id}&payout={amount}&currency={currency}",
};

export const postbackOperations: Operation[] = [
  {
    ...postbacks,
    id: "listPostbacks",
    method: "get",
    path: "/api/v1/postbacks",
    summary: "List the targets of a project",
    description: "Who gets which events, and how each does.",
    query: targetsQuery,
    answers: { 200: { description: "Never their secrets.", content: json(rows(postbackTarget)) } },
  },
  {
    ...postbacks,
    id: "createPostback",
    method: "post",
    path: "/api/v1/postbacks",
    summary: "Make a target",
    description:
      "It gets what happens from now on. `url` and `body` are templates: macros and rules are in docs/postbacks.md.",
    body: { schema: newTarget, examples: { Deposits: EXAMPLE } },
    answers: { 201: { description: "The target; its secret is shown this once.", content: json(shownTarget) } },
    problems: [409],
  },
  {
    ...postbacks,
    id: "changePostback",
    method: "patch",
    path: "/api/v1/postbacks/{id}",
    summary: "Change, pause or resume a target",
    description:
      "Only the fields that are given. While it is paused, its events wait, 30 days at most; `paused: false` has it sent. `new_secret: true` replaces the secret at once.",
    body: { schema: targetChanges, examples: { Pause: { paused: true }, Secret: { new_secret: true } } },
    answers: { 200: { description: "The target as it is now.", content: json(changedTarget) } },
    problems: [404],
  },
  {
    ...postbacks,
    id: "removePostback",
    method: "delete",
    path: "/api/v1/postbacks/{id}",
    summary: "Remove a target",
    description: "Nothing is sent any more; its log goes, too.",
    answers: { 204: { description: "Done." } },
    problems: [404],
  },
  {
    ...postbacks,
    id: "testPostback",
    method: "post",
    path: "/api/v1/postbacks/{id}/test",
    summary: "Send an example to a target",
    description:
      "At once, also where it is paused, with values that are nobody's. Waits for the answer, 10 seconds at most.",
    answers: { 200: { description: "What was sent, and what came back.", content: json(testedTarget) } },
    problems: [404],
  },
  {
    ...postbacks,
    id: "listPostbackTries",
    method: "get",
    path: "/api/v1/postbacks/{id}/log",
    summary: "What was sent to a target, and what came back",
    description: "A row a try, kept for 30 days.",
    query: triesQuery,
    answers: { 200: { description: "The newest first.", content: json(paged(postbackTry)) } },
    problems: [404],
  },
  {
    ...postbacks,
    id: "resendPostbacks",
    method: "post",
    path: "/api/v1/postbacks/{id}/resend",
    summary: "Send again",
    description:
      "One event, whatever became of it, or all that were given up, by when they were made. Each is tried as if it were new.",
    body: { schema: resending, examples: { Dead: { dead: true }, Event: { event_id: "order-1" } } },
    answers: { 200: { description: "How many are sent.", content: json(resent) } },
    problems: [404],
  },
];
