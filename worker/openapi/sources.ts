/** Inbound postbacks, in the document. */
import * as z from "zod";
import {
  newSource,
  type ShownSource,
  type SourceView,
  sourceChanges,
  sourcesQuery,
  type WaitingView,
  waitingQuery,
} from "../admin/sources.ts";
import { PRESET_NAMES } from "../inbound/presets.ts";
import { REASONS } from "../inbound/received.ts";
import { SECURED_BY } from "../inbound/source.ts";
import { AMOUNTS } from "../inbound/template.ts";
import { STATUSES } from "../payouts/month.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import { paged } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const template = z
  .object({
    fields: z.record(z.string(), z.union([text, z.array(z.string())])),
    defaults: z.record(z.string(), z.string()),
    statuses: z.record(
      z.string(),
      z.object({ status: z.enum(STATUSES).exactOptional(), event_type: text.exactOptional() }),
    ),
    amounts: z.enum(AMOUNTS),
  })
  .meta({ id: "PostbackTemplate" });
const sourceFields = {
  id: text,
  project_id: text,
  name: text,
  secured_by: z.enum(SECURED_BY),
  template,
  url: text.describe("Where the network sends to; with the token only where that is shown."),
  created_at: instant,
  paused_at: instant.nullable(),
};
const secrets = {
  token: maybe.describe("The last part of the path, or sent as `Authorization: Bearer`; shown this once."),
  signing_secret: maybe.describe("What `sig` is made with; shown this once."),
};
const source = z.object(sourceFields).meta({ id: "PostbackSource" });
const shownSource = z.object({ ...sourceFields, ...secrets }).meta({ id: "ShownPostbackSource" });
const changedSource = z
  .object({
    ...sourceFields,
    token: secrets.token.exactOptional(),
    signing_secret: secrets.signing_secret.exactOptional(),
  })
  .meta({ id: "ChangedPostbackSource" });
const sources = z.object({ rows: z.array(source), presets: z.array(z.enum(PRESET_NAMES)) });
const waiting = z
  .object({
    n: z.int(),
    event_type: text,
    event_id: text,
    transaction_id: maybe,
    click_id: maybe,
    status: z.enum(STATUSES).nullable(),
    reason: z.enum(REASONS),
    amount: maybe,
    currency: maybe,
    received_at: instant,
    waits_until: instant.describe("Until when it is waited for; then it is shown until 30 days after it came."),
  })
  .meta({ id: "WaitingPostback" }) satisfies z.ZodType<WaitingView>;
// The compiler holds the shapes to what the routes answer.
source satisfies z.ZodType<Omit<SourceView, "template">>;
shownSource satisfies z.ZodType<Omit<ShownSource, "template">>;

const administered = { tag: "Postbacks", role: "admin" } as const;
const NETWORK = {
  project_id: "default",
  name: "network",
  preset: "generic",
  template: { defaults: { currency: "EUR" }, statuses: { confirmed: { status: "approved" } } },
};

const door = (method: "get" | "post", path: string, id: string): Operation => ({
  id,
  tag: "Postbacks",
  method,
  path,
  summary: `A network tells of a conversion${path.endsWith("{token}") ? "" : ", with its token in a header or a signature"}`,
  description:
    "Parameters as the source's template names them, as a query, a form or a JSON object. 200 means that it is kept, and will be counted or decided.",
  role: null,
  problems: [400, 401, 404, 409, 413, 429, 503],
  answers: {
    200: {
      description: "It is kept.",
      content: json(z.object({ status: z.literal("accepted") })),
      headers: ["X-Event-Status"],
    },
  },
});

export const sourceOperations: Operation[] = [
  door("get", "/postback/{source}", "sendPostback"),
  door("post", "/postback/{source}", "postPostback"),
  door("get", "/postback/{source}/{token}", "sendPostbackByToken"),
  door("post", "/postback/{source}/{token}", "postPostbackByToken"),
  {
    ...administered,
    id: "listSources",
    method: "get",
    path: "/api/v1/sources",
    summary: "List the sources of a project's inbound postbacks",
    description: "Who may tell of conversions, by which names; and the presets that there are.",
    query: sourcesQuery,
    answers: { 200: { description: "Never their secrets.", content: json(sources) } },
  },
  {
    ...administered,
    id: "createSource",
    method: "post",
    path: "/api/v1/sources",
    summary: "Make a source",
    description: "`template` is laid over the preset. Fields, statuses and forms of amounts are in docs/postbacks.md.",
    body: { schema: newSource, examples: { Network: NETWORK } },
    answers: { 201: { description: "The source; its secrets are shown this once.", content: json(shownSource) } },
    problems: [409],
  },
  {
    ...administered,
    id: "changeSource",
    method: "patch",
    path: "/api/v1/sources/{id}",
    summary: "Change, pause or resume a source",
    description:
      "Of the template the parts that are given, each whole. While it is paused, postbacks are refused. `new_secret: true` replaces its secrets at once.",
    body: { schema: sourceChanges, examples: { Pause: { paused: true }, Secret: { new_secret: true } } },
    answers: { 200: { description: "The source as it is now.", content: json(changedSource) } },
    problems: [404],
  },
  {
    ...administered,
    id: "removeSource",
    method: "delete",
    path: "/api/v1/sources/{id}",
    summary: "Remove a source",
    description: "Its postbacks are refused from now on, and those that wait for a click go.",
    answers: { 204: { description: "Done." } },
    problems: [404],
  },
  {
    ...administered,
    id: "listWaitingPostbacks",
    method: "get",
    path: "/api/v1/sources/{id}/waiting",
    summary: "Postbacks of a source that wait, with the reason",
    description: "For a click, or for the transaction that they decide about: 7 days, and shown for 30.",
    query: waitingQuery,
    answers: { 200: { description: "The newest first.", content: json(paged(waiting)) } },
    problems: [404],
  },
];
