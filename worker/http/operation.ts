/** One operation of the API: its entry in the document is made from it. */
import type * as z from "zod";
import type { Role } from "./principal.ts";

export const TAGS = {
  Pixels: "Sent by an image, the snippet or another server's postback. No key.",
  Events: "Sent by your own servers and apps, with a key of the role `collect`.",
  Reports:
    "Figures, as JSON, CSV or NDJSON, of all events that were in the log ten seconds before the question. Where that cannot be, `X-Lag-Events` and `X-Lag-Seconds` say how many are missing and for how long.",
  Live: "What happens now.",
  Session: "Signing in to the dashboard with a key.",
  Sharing: "Saved segments, and links by which people without a key see figures.",
  Administration: "Projects, keys and what was done to them. Role `admin`.",
  Schemas: "A JSON Schema for each event type, in versions.",
  "Exchange rates": "What a unit of a currency was worth in USD on a day. All projects share them.",
  "Dead letters": "What the log could not store.",
  Postbacks:
    "Events that are sent to other systems, and conversions that networks report. Administered by the role `admin`.",
  Alerts: "Hearing of what happens, and of what does not. Role `admin`.",
  Payouts:
    "What affiliates are paid for, and what was decided about it. Role `admin`; what they earn is among the reports.",
  Archive: "Every event for good, as Parquet files in a bucket of your own.",
  Instance: "How it is, and what it can do.",
} as const;
export type Tag = keyof typeof TAGS;

/** The statuses whose answer is a problem document, and what they mean throughout. */
export const PROBLEMS = {
  400: "A field or parameter is wrong; `errors` names each.",
  401: "No key, or one that is not known, is over or was revoked.",
  403: "The key's role, project or banner tags do not reach this.",
  404: "There is nothing by this name.",
  405: "Pixels and postbacks are sent with GET or POST.",
  409: "It is not in a state that allows this.",
  413: "The body is too large, or has too many events.",
  415: "The body is not JSON, or not packed as it says.",
  416: "The range lies outside of the file.",
  426: "This route is a WebSocket.",
  429: "Too many requests; again after `Retry-After` seconds.",
  503: "It could not be done now; again after `Retry-After` seconds.",
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

export const TABLES = { "text/csv": "CSV", "application/x-ndjson": "NDJSON" } as const;
export type TableMedia = keyof typeof TABLES;

export type Answer = {
  description: string;
  /** By media type; `null` is a file. */
  content?: Record<string, z.ZodType | null>;
  /**
   * Media types in which the rows can also be answered. They are not in `content`, or a typed client would expect JSON or
   * text in every answer.
   */
  tables?: readonly TableMedia[];
  headers?: readonly string[];
};

export type Operation = {
  id: string;
  tag: Tag;
  method: "get" | "post" | "put" | "patch" | "delete";
  /** With its parameters in braces. */
  path: string;
  summary: string;
  description: string;
  /** The least role that it needs; null is no key. */
  role: Role | null;
  /** The schema that the route itself reads its query by. */
  query?: z.ZodObject;
  /** Query parameters in addition to those of the schema. */
  required?: readonly string[];
  /** Whether further query parameters are accepted. */
  open?: string;
  /** `gzip`: it may come packed. `repeatable`: with an `Idempotency-Key`. */
  body?: { schema: z.ZodType; gzip?: true; repeatable?: true; examples: Record<string, unknown> };
  /** Example values; other parameters are empty at first. */
  examples?: Record<string, string>;
  answers: Record<number, Answer>;
  /** Its problem documents, in addition to those that follow from its role, query and body. */
  problems?: readonly ProblemCode[];
  /** What a WebSocket sends. */
  messages?: z.ZodType;
};

export const json = <Schema extends z.ZodType>(schema: Schema) => ({ "application/json": schema });
