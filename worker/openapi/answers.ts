/**
 * Zod schemas of answers, used only for the OpenAPI document. The compiler compares them with the types of the routes, a test
 * with the answers that are sent.
 */
import * as z from "zod";
import { feedFields, feedState } from "../admin/exchange-rates.ts";
import type { BatchAnswer, EventAnswer, EventResult } from "../collect/batch.ts";
import { fieldError } from "../http/field-error.ts";
import { ROLES } from "../http/principal.ts";
import type { ProblemDocument } from "../http/problem.ts";
import type { SignedIn } from "../http/sign-in.ts";
import type { LiveMessage, Snapshot } from "../live/messages.ts";
import type { StreamedEvent } from "../live/stream.ts";
import type { Window } from "../live/tally.ts";
import { counts, instant, maybe, named, text, whole } from "../reports/answer.ts";
import type { Health } from "../reports/health.ts";

const complaint = { field: text, message: text };
const warnings = z.array(fieldError).describe("What breaks its schema, where that only warns.");
const problemFields = {
  type: z.literal("about:blank"),
  title: text,
  status: z.int(),
  detail: text,
};
export const problem = z
  .object({
    ...problemFields,
    errors: z.array(z.object({ ...complaint, code: text }).meta({ id: "Complaint" })).exactOptional(),
  })
  .meta({ id: "Problem", description: "RFC 9457." }) satisfies z.ZodType<ProblemDocument>;

const eventResult = z
  .union([
    z.object({ index: whole, status: z.literal("accepted"), event_id: text, warnings: warnings.exactOptional() }),
    z.object({ index: whole, status: z.literal("rejected"), event_id: z.null(), errors: z.array(fieldError) }),
  ])
  .meta({ id: "EventResult" }) satisfies z.ZodType<EventResult>;
export const eventAnswer = z
  .object({ status: z.literal("accepted"), event_id: text, warnings: warnings.exactOptional() })
  .meta({ id: "EventAnswer" }) satisfies z.ZodType<EventAnswer>;
export const batchAnswer = z
  .object({ status: z.literal("accepted"), accepted: whole, rejected: whole, results: z.array(eventResult) })
  .meta({ id: "BatchAnswer" }) satisfies z.ZodType<BatchAnswer>;
export const noneTaken = z
  .object({
    ...problemFields,
    errors: z.array(fieldError).exactOptional(),
    results: z.array(eventResult).exactOptional(),
  })
  .meta({ id: "EventsProblem", description: "The problem document, with the outcome of each event." });

export const privacy = z.object({ respect_privacy_signals: z.boolean() }).meta({ id: "PixelSettings" });

const counted = { total: whole, by_type: counts };
const liveWindow = z
  .object({
    total: whole,
    by_type: counts,
    amounts: z
      .record(z.string(), z.record(z.string(), z.string()))
      .describe("What the events of a type add up to, by currency."),
    banner_tags: z.array(z.object({ banner_tag: text, ...counted })).describe("The ten with the most events."),
    countries: z.array(z.object({ country: text, ...counted })),
    devices: z.array(z.object({ device: text, ...counted })),
    apps: z.array(z.object({ app_id: text, ...counted })),
  })
  .meta({ id: "Window" }) satisfies z.ZodType<Window>;
const streamedEvent = z
  .object({
    event_id: text,
    event_type: text,
    player_id: maybe.describe("Null for those who may not see it."),
    banner_tag: maybe,
    country: maybe,
    device: maybe,
    app_id: maybe,
    amount: maybe,
    currency: maybe,
    timestamp: instant.describe("When it happened."),
  })
  .meta({ id: "StreamedEvent" }) satisfies z.ZodType<StreamedEvent>;
const liveCounts = {
  ...named,
  as_of: instant,
  visitors_now: whole,
  windows: z.object({ "1m": liveWindow, "5m": liveWindow, "60m": liveWindow, today: liveWindow }),
  minutes: z.array(z.object({ minute: instant, by_type: counts })),
};
const streamed = { events: z.array(streamedEvent).max(50) };
export const snapshot = z.object({ ...liveCounts, ...streamed }).meta({ id: "Snapshot" }) satisfies z.ZodType<Snapshot>;
export const liveMessage = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("snapshot"), ...liveCounts, ...streamed }),
    z.object({ type: z.literal("counts"), ...liveCounts }),
    z.object({ type: z.literal("events"), ...streamed }),
  ])
  .meta({ id: "LiveMessage" }) satisfies z.ZodType<LiveMessage>;

export const signedIn = z
  .object({
    role: z.enum(ROLES),
    project_id: maybe.describe("Null: every project."),
    banner_tags: z.array(z.string()).nullable(),
    key_id: maybe.describe("Null: the ADMIN_TOKEN, or a share link."),
    share_id: text.exactOptional().describe("The share link that was opened."),
    hide_amounts: z.literal(true).exactOptional().describe("Where no amounts of money are shown."),
    expires_at: instant.exactOptional().describe("When that session ends."),
    projects: z.array(z.object({ project_id: text, name: text })).describe("Those that may be chosen from."),
  })
  .meta({ id: "SignedIn" }) satisfies z.ZodType<SignedIn>;

const state = z.enum(["ok", "failing"]);
export const health = z
  .object({
    status: state,
    version: text.describe("Of the Worker."),
    migration: maybe.describe("The newest migration of the database, by the name of its file."),
    dependencies: z.object({
      database: state,
      live: state,
      archive: z.enum(["ok", "failing", "off"]).describe("`off`: this instance was deployed without a bucket."),
      runner: state.describe("What brings the tables forward."),
      intake: z
        .enum(["ok", "failing", "off"])
        .describe("What gathers events before the queue on the free plan. `off` on the paid one."),
      exchange_rates: feedState.describe("Leaves the status as it is: the last good rates stay in force."),
    }),
    exchange_rates: z.object({
      ...feedFields,
      without_rate: z.array(text).describe("Currencies of today's and yesterday's money that no rate converts."),
    }),
    projections: z.record(
      z.string(),
      z.object({
        status: z
          .enum(["ok", "failing", "behind", "counting"])
          .describe("`counting`: it comes through a log that was there before it, and nobody waits for it."),
        lag_events: whole,
        lag_seconds: whole,
      }),
    ),
    failing_duties: z
      .array(z.object({ name: z.string(), since: instant }))
      .describe("Work that goes on by itself, and whose last run failed. It is tried again; the logs have the error."),
    last_cron: instant.nullable().describe("When cron last ran, to five minutes; null where it has not yet."),
  })
  .meta({ id: "Health" }) satisfies z.ZodType<Health>;
