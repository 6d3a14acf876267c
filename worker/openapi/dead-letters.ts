/** The dead letters, in the document. */
import { deadLetterChoice, deadLetterEdit, deadLetterQuery } from "../admin/dead-letters.ts";
import { deadLetter, discarded, paged, replayed } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const admin = { tag: "Dead letters", role: "admin" } as const;
const one = { ...admin, path: "/api/v1/dead-letters/{id}" };
const WHICH = { Some: { ids: [1] }, "All that wait": { all: true } };

export const deadLetterOperations: Operation[] = [
  {
    ...admin,
    id: "listDeadLetters",
    method: "get",
    path: "/api/v1/dead-letters",
    summary: "List dead letters",
    description:
      "Events that could not be stored in any try, or never can be as they are. Nothing else is lost with them.",
    query: deadLetterQuery,
    answers: { 200: { description: "The newest first.", content: json(paged(deadLetter)) } },
  },
  {
    ...admin,
    id: "replayDeadLetters",
    method: "post",
    path: "/api/v1/dead-letters/replay",
    summary: "Store them after all",
    description:
      "Some by their ids, or all that wait. An event that is in the log already is not stored again, so asking twice changes nothing.",
    body: { schema: deadLetterChoice, examples: WHICH },
    answers: { 200: { description: "What became of each.", content: json(replayed) } },
  },
  {
    ...admin,
    id: "discardDeadLetters",
    method: "post",
    path: "/api/v1/dead-letters/discard",
    summary: "Discard some, or all that wait",
    description: "They stay in the list as discarded. Discarding one twice changes nothing.",
    body: { schema: deadLetterChoice, examples: WHICH },
    answers: { 200: { description: "How many.", content: json(discarded) } },
  },
  {
    ...one,
    id: "getDeadLetter",
    method: "get",
    summary: "Show a dead letter",
    description: "`sent` has the event's fields as they are on the wire, in which form they can be edited.",
    answers: { 200: { description: "With its event and its error.", content: json(deadLetter) } },
    problems: [404],
  },
  {
    ...one,
    id: "editDeadLetter",
    method: "patch",
    summary: "Change its event",
    description: "By the rules of events; null takes a field away, and the id stays.",
    body: { schema: deadLetterEdit, examples: { Tag: { event: { banner_tag: "summer" } } } },
    answers: { 200: { description: "The letter as it is now.", content: json(deadLetter) } },
    problems: [404, 409],
  },
  {
    ...one,
    id: "discardDeadLetter",
    method: "delete",
    summary: "Discard one",
    description: "It stays in the list as discarded. Discarding it twice changes nothing.",
    answers: { 204: { description: "Done." } },
    problems: [404],
  },
];
