/** The answers, in zod, for the document alone. The compiler holds them to the routes' types, a test to what is sent. */
import * as z from "zod";
import type { AuditEntry } from "../admin/audit.ts";
import type { DeadLetterView } from "../admin/dead-letters.ts";
import type { Loaded, RatesPage, RateView } from "../admin/exchange-rates.ts";
import type { KeyView } from "../admin/keys.ts";
import type { Resent, ShownTarget, TargetView, Tested, TryView } from "../admin/postbacks.ts";
import type { ProjectionView } from "../admin/projections.ts";
import type { ProjectView } from "../admin/projects.ts";
import type { RequestRow, Requests } from "../admin/requests.ts";
import type { SchemaVersionView, SchemaView } from "../admin/schemas.ts";
import type { BatchAnswer, EventAnswer, EventResult } from "../collect/batch.ts";
import { ERROR_CODES, type FieldError } from "../event.ts";
import type { Replay } from "../event-log/dead-letters.ts";
import { ROLES } from "../http/principal.ts";
import type { ProblemDocument } from "../http/problem.ts";
import type { SignedIn } from "../http/sign-in.ts";
import type { SignInCode } from "../http/sign-in-code.ts";
import type { LiveMessage, Snapshot, StreamedEvent } from "../live/counters.ts";
import type { Window } from "../live/tally.ts";
import { STATES } from "../postbacks/ladder.ts";
import { BODY_TYPES, METHODS, TOLD_STATUSES } from "../postbacks/target.ts";
import type { FeedHealth } from "../rates/feed.ts";
import type { Drift } from "../registry/drift.ts";
import { counts, instant, maybe, named, text, whole } from "../reports/answer.ts";
import type { Health } from "../reports/health.ts";
import { NOTED } from "../request-log/rejection.ts";
import { SCHEMA_MODES } from "../schema.ts";

const complaint = { field: text, message: text };
const fieldError = z
  .object({ ...complaint, code: z.enum(ERROR_CODES) })
  .meta({ id: "FieldError" }) satisfies z.ZodType<FieldError>;
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
    expires_at: instant.exactOptional().describe("When that session ends."),
    projects: z.array(z.object({ project_id: text, name: text })).describe("Those that may be chosen from."),
  })
  .meta({ id: "SignedIn" }) satisfies z.ZodType<SignedIn>;

export const signInCode = z
  .object({ code: text.describe("It is shown this once."), expires_at: instant })
  .meta({ id: "SignInCode" }) satisfies z.ZodType<SignInCode>;

export const projectView = z
  .object({
    project_id: text,
    name: text,
    timezone: text,
    currency: text,
    attribution_days: z.int().min(1).max(365),
    respect_privacy_signals: z.boolean(),
    created_at: instant,
    allowed_origins: z.array(z.string()),
    require_signature: z.boolean(),
    pixel_secret: text,
    bot_rules: z.object({
      user_agents: z.array(z.string()).optional(),
      allowed_user_agents: z.array(z.string()).optional(),
      data_centres: z.boolean().optional(),
    }),
    retention: z
      .object({
        events_days: z.int().optional(),
        archive_days: z.int().optional(),
        purchases_days: z.int().optional(),
        figures_days: z.int().optional(),
      })
      .describe("For how many days what is kept; for ever where nothing is said."),
    settled_before: text.describe("Days before this date are settled: their events may have gone from the log."),
  })
  .meta({ id: "Project" }) satisfies z.ZodType<ProjectView>;

const keyFields = {
  id: text,
  name: text,
  project_id: maybe.describe("Null: every project."),
  role: z.enum(ROLES),
  banner_tags: z.array(z.string()).nullable(),
  created_at: instant,
  expires_at: instant.nullable(),
  revoked_at: instant.nullable(),
};
export const keyView = z.object(keyFields).meta({ id: "Key" }) satisfies z.ZodType<KeyView>;
const shown = { ...keyFields, key: text.describe("Shown this once.") };
export const shownKey = z.object(shown).meta({ id: "ShownKey" });
export const rotatedKey = z.object({ ...shown, replaces: keyView }).meta({ id: "RotatedKey" });

export const auditEntry = z
  .object({
    id: z.int(),
    at: instant,
    actor: text,
    project_id: maybe,
    action: text,
    subject: text,
    details: z.unknown().describe("What was asked for; never a secret."),
  })
  .meta({ id: "AuditEntry" }) satisfies z.ZodType<AuditEntry>;

const inRegistry = { project_id: text, event_type: text, version: whole, mode: z.enum(SCHEMA_MODES) };
export const schemaVersion = z
  .object({
    ...inRegistry,
    current: z.boolean().describe("Whether it is the version in force."),
    schema: z.record(z.string(), z.unknown()).describe("JSON Schema."),
    created_at: instant,
  })
  .meta({ id: "SchemaVersion" }) satisfies z.ZodType<SchemaVersionView>;
const schemaFields = { ...inRegistry, retired_at: instant.nullable() };
export const schemaView = z.object(schemaFields).meta({ id: "Schema" }) satisfies z.ZodType<SchemaView>;
const affected = { field: text, events: whole, example_event_id: text };
export const drift = z
  .object({
    sample: z.object({ events: whole, since: instant.nullable(), complete: z.boolean() }),
    unnamed: z
      .array(z.object({ ...affected, types: z.array(z.string()) }))
      .describe("Keys that the schema does not name."),
    never_seen: z.array(z.string()).describe("Fields that it names and that never come."),
    violations: z.array(z.object({ ...affected, message: text })).describe("What breaks it."),
  })
  .meta({ id: "Drift" }) satisfies z.ZodType<Drift>;
export const schemaHistory = z
  .object({ ...schemaFields, versions: z.array(schemaVersion), drift })
  .meta({ id: "SchemaHistory" });

export const deadLetter = z
  .object({
    id: z.int(),
    project_id: maybe,
    event_id: maybe,
    event_type: maybe,
    event: z.unknown().describe("As it was, or as it was edited."),
    sent: z
      .record(z.string(), z.unknown())
      .describe("The event by its fields on the wire, as an edit may change them."),
    error: text,
    consumer: text,
    failed_at: instant,
    status: z.enum(["waiting", "replayed", "discarded"]),
    resolved_at: instant.nullable(),
  })
  .meta({ id: "DeadLetter" }) satisfies z.ZodType<DeadLetterView>;
const more = z.boolean().describe("Whether there are more: ask again.");
export const replayed = z
  .object({
    replayed: whole,
    failed: whole,
    more,
    results: z.array(
      z.union([
        z.object({ id: z.int(), status: z.literal("replayed") }),
        z.object({ id: z.int(), status: z.literal("failed"), error: text }),
      ]) satisfies z.ZodType<Replay>,
    ),
  })
  .meta({ id: "Replayed" });
export const discarded = z.object({ discarded: whole, more }).meta({ id: "Discarded" });

const door = z.enum(NOTED);
const requestRow = z
  .object({
    at: instant,
    status: z.enum(["accepted", "rejected"]),
    door: door.nullable().describe("Null for an accepted one: the event log does not keep it."),
    event_type: maybe,
    event_id: maybe,
    request: z.record(z.string(), z.unknown()).describe("At most 1 KB; signatures and keys are left out."),
    errors: z.array(fieldError),
    hint: maybe.describe("What to do about it."),
  })
  .meta({ id: "RequestRow" }) satisfies z.ZodType<RequestRow>;
export const requests = z
  .object({
    project_id: text,
    since: instant,
    counts: z.object({
      accepted: whole.describe("Events in the log, each once."),
      accepted_as: z.object({ counted: whole, test: whole, duplicate: whole, bot: whole }),
      rejected: whole.describe("Events refused, sampled or not."),
      by_reason: z.array(z.object({ door, code: text, field: text, total: whole, hint: text })),
    }),
    rows: z.array(requestRow),
    next_cursor: maybe,
  })
  .meta({ id: "Requests" }) satisfies z.ZodType<Requests>;

export const projection = z
  .object({
    name: text,
    cursor: whole.describe("The last event of the log that it has taken."),
    lag_events: whole,
    updated_at: instant.nullable(),
    error: maybe,
    failed_at: instant.nullable(),
  })
  .meta({ id: "Projection" }) satisfies z.ZodType<ProjectionView>;
export const rebuilding = z.object({ rebuilding: z.array(z.string()) }).meta({ id: "Rebuilding" });

/** A list, and a list that pages. */
export const rows = (row: z.ZodType) => z.object({ rows: z.array(row) });
export const paged = (row: z.ZodType) => z.object({ rows: z.array(row), next_cursor: z.int().nullable() });

const rateView = z
  .object({
    currency_code: text,
    rate_date: z.iso.date(),
    usd_rate: text.describe("USD for one unit, with 8 places."),
    data_source: text,
    loaded_at: instant,
  })
  .meta({ id: "ExchangeRate" }) satisfies z.ZodType<RateView>;
export const ratesPage = z
  .object({ rows: z.array(rateView), next_cursor: maybe })
  .meta({ id: "ExchangeRates" }) satisfies z.ZodType<RatesPage>;
export const loaded = z.object({ loaded: whole }).meta({ id: "Loaded" }) satisfies z.ZodType<Loaded>;

const feedState = z.enum(["ok", "stale", "failing", "off"]);
const feedFields = {
  last_rate_date: z.iso.date().nullable().describe("The newest date that the feed ever had rates of."),
  error: maybe.describe("Why it could not be read the last time."),
};
export const feed = z
  .object({ status: feedState, ...feedFields })
  .meta({ id: "ExchangeRateFeed" }) satisfies z.ZodType<FeedHealth>;

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

const targetFields = {
  id: text,
  project_id: text,
  name: text,
  event_types: z.array(z.string()),
  banner_tags: z.array(z.string()).nullable(),
  first_deposit: z.boolean(),
  min_amount: maybe,
  currency: maybe,
  test: z.boolean(),
  conversion_status: z
    .enum(TOLD_STATUSES)
    .nullable()
    .describe("It is told when a conversion comes to this; null: of events as they come."),
  method: z.enum(METHODS),
  url: text,
  body_type: z.enum(BODY_TYPES).nullable(),
  body: maybe,
  created_at: instant,
  state: z.enum(STATES).describe("`warning`: ten tries failed one after the other; after twenty it is paused."),
  failures: whole.describe("Tries that failed one after the other, up to now."),
  paused_at: instant.nullable(),
  paused_by: z.enum(["failures", "admin"]).nullable(),
};
const secret = text.describe("What requests are signed with; shown this once.");
export const postbackTarget = z.object(targetFields).meta({ id: "PostbackTarget" }) satisfies z.ZodType<TargetView>;
export const shownTarget = z
  .object({ ...targetFields, secret })
  .meta({ id: "ShownPostbackTarget" }) satisfies z.ZodType<ShownTarget>;
export const changedTarget = z
  .object({ ...targetFields, secret: secret.exactOptional() })
  .meta({ id: "ChangedPostbackTarget" });
const sentRequest = { method: z.enum(METHODS), url: text, body: maybe };
const cameBack = {
  status: z.int().nullable().describe("Of the answer; null where none came."),
  took_ms: whole,
  response: text.describe("How its body begins, 500 characters at most."),
  error: maybe.describe("Why it does not count as delivered."),
};
export const testedTarget = z
  .object({ taken: z.boolean(), request: z.object(sentRequest), ...cameBack })
  .meta({ id: "TestedPostback" }) satisfies z.ZodType<Tested>;
export const postbackTry = z
  .object({
    n: z.int(),
    event_id: text,
    event_type: text,
    try: whole.describe("Which one of the event; 0 is an example."),
    at: instant,
    ...sentRequest,
    ...cameBack,
    next_try_at: instant.nullable(),
  })
  .meta({ id: "PostbackTry" }) satisfies z.ZodType<TryView>;
export const resent = z.object({ resent: whole, more }).meta({ id: "Resent" }) satisfies z.ZodType<Resent>;
