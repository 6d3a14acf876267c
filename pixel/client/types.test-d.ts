/** Type tests: code that must compile, and code that must not. */
import type { BUILT_IN_TYPES } from "../../worker/event.ts";
import type { BuiltInEvents, Client, EdgepixelEvent } from "../client.ts";

type Same<A, B> = [A, B] extends [B, A] ? true : never;
export const everyBuiltInTypeAndNoOther: Same<keyof BuiltInEvents, (typeof BUILT_IN_TYPES)[number]> = true;

export function compiles(client: Client, dynamic: string, kind: "deposit" | "withdrawal"): void {
  client.track({ event_type: "visit", player_id: "p", banner_tag: "summer" });
  client.track({ event_type: "install", player_id: "p", data: { source: "ads", country: "DE", agency: "x" } });
  client.track({
    event_type: "purchase",
    player_id: "p",
    platform: "ios",
    transaction_id: "t",
    amount: "4.99",
    currency: "EUR",
    data: { product_id: "gems", product_name: "Gems", quantity: 2, store: "app_store" },
  });
  client.track({ event_type: "deposit", player_id: "p", amount: 5, currency: "EUR", timestamp: new Date() });
  client.track({ event_type: kind, player_id: "p", amount: 5, currency: "EUR" });
  client.track({ event_type: "player_score", player_id: "p", score: 1500 });
  client.track({ event_type: "tutorial_done", visitor_id: "v", data: { step: 3 } });
  client.track({ event_type: dynamic, player_id: "p" });
  const prepared: EdgepixelEvent<"spin"> = { event_type: "spin", player_id: "p" };
  client.track(prepared);
}

export function doesNotCompile(client: Client): void {
  // @ts-expect-error an install names its source
  client.track({ event_type: "install", player_id: "p" });
  client.track({
    event_type: "purchase",
    transaction_id: "t",
    amount: "4.99",
    currency: "EUR",
    // @ts-expect-error no such store
    data: { product_id: "gems", store: "corner_shop" },
  });
  // @ts-expect-error a purchase names its transaction
  client.track({ event_type: "purchase", amount: "4.99", currency: "EUR", data: { product_id: "gems" } });
  // @ts-expect-error a deposit has an amount
  client.track({ event_type: "deposit", player_id: "p" });
  // @ts-expect-error an amount needs its currency
  client.track({ event_type: "tutorial_done", player_id: "p", amount: 5 });
  // @ts-expect-error a score has a score
  client.track({ event_type: "player_score", player_id: "p" });
  // @ts-expect-error the field is called amount
  client.track({ event_type: "deposit", player_id: "p", amount: 5, currency: "EUR", price: 5 });
  // @ts-expect-error no type
  client.track({ player_id: "p" });
  // @ts-expect-error a player is text
  client.track({ event_type: "visit", player_id: 5 });
}

type Own = { tutorial_done: { data: { step: number } } };
export function ownTypes(client: Client<Own>): void {
  client.track({ event_type: "tutorial_done", player_id: "p", data: { step: 3 } });
  client.track({ event_type: "deposit", player_id: "p", amount: 5, currency: "EUR" });
  client.track({ event_type: "something_else", player_id: "p" });
  // @ts-expect-error step is a number
  client.track({ event_type: "tutorial_done", player_id: "p", data: { step: "3" } });
  // @ts-expect-error a deposit has an amount all the same
  client.track({ event_type: "deposit", player_id: "p" });
}
