/** The OpenAPI operations of the pixels. */
import * as z from "zod";
import { fields, projectId } from "../event.ts";
import { json, type Operation } from "../http/operation.ts";
import { privacy, problem } from "./answers.ts";

const { event_type: _, data: __, ...named } = fields;
const pixelQuery = z.object({
  ...named,
  referrer: z
    .string()
    .optional()
    .describe(
      "The page or host that led the visitor to the site, of which the host is kept; `-` is none. Without it, the page that sends the pixel.",
    ),
  sig: z.string().optional(),
});
/** For the pixels whose path does not name the event type. */
const typedQuery = z.object({ event_type: fields.event_type, ...pixelQuery.shape });
const FURTHER =
  "Every other parameter lands in `data`: the first 40 of them, 8 KB in all; what does not fit is left out, with a warning.";
const HONEST =
  "The answer is always a 1×1 GIF, or a problem document where `Accept` asks for JSON and the event was not taken. " +
  "200 means that the event is durable. A parameter that is given twice is refused; an empty one is an absent one.";
const REFUSED = { "image/gif": null, "application/problem+json": problem };

const pixel = (path: string, id: string, summary: string, examples: Record<string, string>): Operation => ({
  id,
  tag: "Pixels",
  method: "get",
  path,
  summary,
  description: HONEST,
  role: null,
  query: pixelQuery,
  required: ["banner_tag"],
  open: FURTHER,
  examples: { player_id: "player-42", banner_tag: "summer", ...examples },
  answers: {
    200: {
      description: "The event is durable. `X-Event-Warning` is `<code> <field>` of what it was taken in spite of.",
      content: { "image/gif": null },
      headers: ["X-Event-Status", "X-Event-Id"],
    },
    400: {
      description: "It was not taken and never will be; `X-Event-Error` is `<code> <field>`.",
      content: REFUSED,
      headers: ["X-Event-Status", "X-Event-Error"],
    },
    429: { description: "Too many from this address.", content: REFUSED, headers: ["X-Event-Status", "Retry-After"] },
    503: {
      description: "It could not be made durable now; send it again.",
      content: REFUSED,
      headers: ["X-Event-Status", "Retry-After"],
    },
  },
});

const MONEY = { amount: "25.00", currency: "EUR", transaction_id: "T-1001" };

const settings = (path: string, id: string, who: string): Operation => ({
  id,
  tag: "Pixels",
  method: "get",
  path,
  summary: `What ${who} must know before it sends`,
  description: "Asked where a browser gives Do Not Track or Global Privacy Control.",
  role: null,
  query: z.object({ project_id: projectId.optional() }),
  problems: [429, 503],
  answers: { 200: { description: "The project's settings for its pages.", content: json(privacy) } },
});

const pixels: Operation[] = [
  pixel("/visit", "sendVisit", "A page was visited", {}),
  pixel("/registration", "sendRegistration", "A player registered", {}),
  pixel("/deposit", "sendDeposit", "A player deposited", MONEY),
  pixel("/pixel/{event_type}", "sendPixel", "Anything else happened", { event_type: "level_up" }),
  {
    ...pixel("/happened", "sendHappened", "Anything happened, as the snippet sends it", { event_type: "level_up" }),
    query: typedQuery,
    required: ["event_type", "banner_tag"],
  },
];

/** The same by POST: a form, or what `navigator.sendBeacon` sends. */
const posted = (operation: Operation): Operation => ({
  ...operation,
  id: operation.id.replace("send", "post"),
  method: "post",
  summary: `${operation.summary}, sent by a form or a beacon`,
  description:
    `${HONEST} The fields may also stand in the body, of at most 32 KB: a form, the same as text, or a JSON object. ` +
    "A field in both the query and the body is given twice.",
});

export const pixelOperations: Operation[] = [
  ...pixels,
  ...pixels.map(posted),
  settings("/project.json", "getPixelSettings", "the snippet"),
  settings("/pixel.json", "getEarlierPixelSettings", "a copy of an earlier snippet"),
];
