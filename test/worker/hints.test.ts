/** Payloads of other products that are sent here by mistake get a hint with the name of the right field. */
import { describe, expect, it } from "vitest";
import { readEvent } from "../../worker/event-reading.ts";
import { hintFor } from "../../worker/request-log/hints.ts";
import { boundedRequest } from "../../worker/request-log/rejection.ts";
import { hintForTaken } from "../../worker/request-log/taken-hints.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");

/** The hints of a refused event as in the request log, by field; or the hint of an accepted event. */
function hintsOf(sent: Record<string, unknown>): Record<string, string> {
  const reading = readEvent(Object.entries(sent), "api", NOW);
  if (reading.ok) {
    const event = { transaction_id: null, click_id: null, amount: null, ...reading.event };
    const taken = { ...event, test: 0, bot: null, duplicate_of: null };
    return { taken: hintForTaken(taken, JSON.parse(event.data ?? "{}")) ?? "" };
  }
  const shown = JSON.parse(boundedRequest(Object.entries(sent)));
  return Object.fromEntries(reading.errors.map((error) => [error.field, hintFor(error, shown, NOW)]));
}

describe("the payload of another product", () => {
  it.each<[string, Record<string, unknown>, Record<string, RegExp>]>([
    [
      "Segment",
      {
        type: "track",
        event: "Order Completed",
        userId: "u-1",
        messageId: "m-1",
        properties: { order_id: "o-1", revenue: 25, currency: "EUR" },
      },
      {
        event_type: /came as `event`.* as `order_completed`, or as `purchase`/,
        player_id: /came as `userId`.*`player_id`/,
      },
    ],
    [
      "PostHog",
      { event: "$pageview", distinct_id: "d-1", properties: { $current_url: "https://a.example" } },
      { event_type: /`event`.*`event_type` as `pageview`, or as `visit`/, player_id: /came as `distinct_id`/ },
    ],
    [
      "GA4",
      { client_id: "1.2", user_id: "u-1", event_name: "purchase", value: 25, currency: "EUR" },
      { event_type: /came as `event_name`/, player_id: /came as `user_id`/, amount: /came as `value`/ },
    ],
    [
      "GA4, with its parameters in a list of their own",
      { event_type: "purchase", user_id: "u-1", amount: 25, params: { currency: "EUR", transaction_id: "T" } },
      { currency: /came as `params\.currency`.*at the top/, player_id: /came as `user_id`/ },
    ],
    [
      "AppsFlyer",
      { event_name: "af_purchase", customer_user_id: "c-1", event_revenue: 5, event_revenue_currency: "USD" },
      { event_type: /`event_name`.*as `af_purchase`, or as `purchase`/, player_id: /came as `customer_user_id`/ },
    ],
    [
      "AppsFlyer's money",
      { event_type: "purchase", player_id: "p", amount: 5, event_revenue_currency: "USD" },
      { currency: /came as `event_revenue_currency`/ },
    ],
    [
      "Adjust",
      { activity_kind: "install", external_user_id: "u", currency: "USD", revenue_float: 1.5 },
      {
        event_type: /came as `activity_kind`/,
        player_id: /came as `external_user_id`/,
        amount: /came as `revenue_float`/,
      },
    ],
    [
      "GA4's Measurement Protocol",
      { client_id: "1.2", events: [{ name: "purchase", params: { currency: "EUR", value: 12 } }] },
      { event_type: /came as `events\.name`.*at the top/, player_id: /came as `client_id`.*`visitor_id`/ },
    ],
    [
      "GA4's export to BigQuery",
      { event_name: "first_open", user_pseudo_id: "abc", user_id: null, platform: "ANDROID" },
      { event_type: /`event_name`.*or as `install`/ },
    ],
    [
      "GA4's own request",
      { v: "2", tid: "G-1", cid: "1.2", en: "page_view" },
      { event_type: /came as `en`.*as `page_view`, or as `visit`/, player_id: /came as `cid`.*`visitor_id`/ },
    ],
    [
      "Segment's page",
      { type: "page", anonymousId: "a1", properties: { url: "https://a.example" } },
      { event_type: /as `page`, or as `visit`/, player_id: /came as `anonymousId`.*`visitor_id`/ },
    ],
    [
      "Segment's batch",
      { batch: [{ type: "track", event: "Signed Up", userId: "u1" }], writeKey: "k" },
      { event_type: /came as `batch\.event`/, player_id: /came as `batch\.userId`/ },
    ],
    [
      "PostHog, with the person inside",
      { api_key: "k", event: "user signed up", properties: { distinct_id: "d1" } },
      { event_type: /or as `registration`/, player_id: /came as `properties\.distinct_id`.*at the top/ },
    ],
    [
      "AppsFlyer's servers",
      { appsflyer_id: "1-2", eventName: "af_purchase", eventCurrency: "USD", eventValue: '{"af_revenue":"6"}' },
      { event_type: /`eventName`.*or as `purchase`/, player_id: /came as `appsflyer_id`.*`visitor_id`/ },
    ],
    [
      "Adjust's servers",
      { event_token: "abc", gps_adid: "g1", revenue: "5", currency: "EUR" },
      { event_type: /came as `event_token`/, player_id: /came as `gps_adid`.*`visitor_id`/, amount: /`revenue`/ },
    ],
    [
      "Adjust's session",
      { activity_kind: "session", adid: "ad1" },
      { event_type: /as `session`/, player_id: /came as `adid`.*`visitor_id`/ },
    ],
    [
      "Meta's Conversions API",
      { event_name: "Purchase", user_data: { external_user_id: "x" }, custom_data: { value: 5, currency: "EUR" } },
      { event_type: /as `purchase`/, player_id: /came as `user_data\.external_user_id`/ },
    ],
    [
      "TikTok",
      { event: "CompletePayment", user: { external_user_id: "x" }, properties: { value: 5 } },
      { event_type: /as `complete_payment`, or as `purchase`/, player_id: /came as `user\.external_user_id`/ },
    ],
  ])("of %s", (_, sent, expected) => {
    const hints = hintsOf(sent);
    for (const [field, hint] of Object.entries(expected)) expect(hints[field]).toMatch(hint);
  });

  it.each<[string, RegExp]>([
    ["Order Completed", /`order_completed`, or as `purchase`/],
    ["$pageview", /`pageview`, or as `visit`/],
    ["levelUp", /`level_up`/],
    ["HTTPRequestFailed", /`http_request_failed`/],
    ["Übung gemacht", /`ubung_gemacht`/],
    ["Sign Up", /`sign_up`, or as `registration`/],
    ["1st-deposit", /`st_deposit`/],
    ["!!!", /such as `level_up`/],
  ])("named %s gets a hint with a valid spelling", (event_type, hint) => {
    expect(hintsOf({ event_type, player_id: "p" }).event_type).toMatch(hint);
    const reading = readEvent(Object.entries({ event_type, player_id: "p" }), "api", NOW);
    const [error] = reading.ok ? [] : reading.errors;
    expect(error?.message.includes("this one could be")).toBe(event_type !== "!!!");
  });

  it("that was accepted as a custom type, or without its money, gets a hint too", () => {
    expect(hintsOf({ event_type: "af_purchase", player_id: "p" }).taken).toMatch(/`af_purchase`.*`purchase`/);
    expect(hintsOf({ event_type: "page_view", player_id: "p" }).taken).toMatch(/`visit`/);
    expect(hintsOf({ event_type: "purchase", player_id: "p", af_revenue: 5 }).taken).toMatch(/`af_revenue`.*`amount`/);
    expect(hintsOf({ event_type: "purchase", player_id: "p", properties: { orderId: "7" } }).taken).toMatch(
      /`properties\.orderId`.*`transaction_id`/,
    );
    expect(hintsOf({ event_type: "af_first_deposit", player_id: "p", af_revenue: 5 }).taken).toMatch(
      /`af_revenue`.*`amount`.*`af_first_deposit`.*`deposit`/,
    );
    for (const event_type of ["visit", "level_up", "spin", "my_own"])
      expect(hintsOf({ event_type, player_id: "p", transaction_id: "T", click_id: "c" }).taken).toBe("");
  });
});

describe("a value that was left out", () => {
  it("is named in the hint of the event that was accepted without it", () => {
    expect(hintsOf({ event_type: "deposit", player_id: "p", transaction_id: "#tid#" }).taken).toMatch(
      /^`transaction_id` came as `#tid#`: a template that nobody filled in/,
    );
    expect(hintsOf({ event_type: "visit", player_id: "p", banner_tag: "%%C%%", event_id: "undefined" }).taken).toMatch(
      /`event_id` came as `undefined`.*`banner_tag` came as `%%C%%`/,
    );
    for (const [click_id, came] of [
      ["c".repeat(700), /^`click_id` came as `c{60}…`: it is too long/],
      ["K\uFFFDse", /^`click_id` came as `K%EF%BF%BDse`: it is too long, or has characters that cannot be read/],
    ] as const)
      expect(hintsOf({ event_type: "deposit", player_id: "p", click_id }).taken).toMatch(came);
    const keys = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, "x"]));
    expect(hintsOf({ event_type: "visit", player_id: "p", ...keys }).taken).toMatch(/40 further parameters/);
  });

  it("is named in the hint of the event that was refused because of it", () => {
    expect(hintsOf({ event_type: "visit", player_id: "undefined" }).player_id).toMatch(/`undefined` names nobody/);
    expect(hintsOf({ event_type: "visit", player_id: "{uid}" }).player_id).toMatch(
      /`\{uid\}` arrived unexpanded in `player_id`/,
    );
    expect(hintsOf({ event_type: "visit", player_id: "p", timestamp: "2026-02-30" }).timestamp).toMatch(
      /`2026-02-30` is no moment of the calendar/,
    );
    expect(hintsOf({ event_type: "purchase", player_id: "p", transaction_id: "x".repeat(256) }).transaction_id).toMatch(
      /GPA/,
    );
    expect(
      hintsOf({ event_type: "purchase", player_id: "p", currency: "EUR", amount: "29.949999999999999" }).amount,
    ).toMatch(/more than four decimal places\. Round it, and send it as text/);
  });
});
