/** The event types: the required fields of each built-in type, and how to add other types. */
import type { BuiltInType, ServerError, WireFields } from "./contract.ts";

type Text = string | undefined;
type Data = NonNullable<WireFields["data"]>;

/** Fields of every event. The server requires `player_id`, or `visitor_id` where the player is not known. */
export type CommonFields = Omit<
  WireFields,
  "event_type" | "timestamp" | "platform" | "amount" | "currency" | "score" | "data"
> & {
  /** When it happened: ISO 8601, epoch milliseconds or a Date. The moment of `track` when absent. */
  timestamp?: WireFields["timestamp"] | Date;
  platform?: "ios" | "android" | "web" | (string & {}) | undefined;
};

/** A decimal with at most 4 places, best as text (`"4.99"`), and its ISO 4217 code. */
export type Money = { amount: NonNullable<WireFields["amount"]>; currency: string };
type NoMoney = { amount?: undefined; currency?: undefined };
type Scored = { score?: WireFields["score"] };
type WithData = { data?: Data | undefined };

type Plain = CommonFields & (Money | NoMoney) & Scored & WithData;
type Paid = CommonFields & Money & Scored & WithData;

export type Install = CommonFields & (Money | NoMoney) & Scored & { data: Data & { source: string; country?: Text } };
/** `amount` is the total that was paid; a `transaction_id` counts only once. */
export type Purchase = CommonFields &
  Money &
  Scored & {
    transaction_id: string;
    data: Data & {
      product_id: string;
      product_name?: Text;
      quantity?: number | undefined;
      store?: "app_store" | "google_play" | "steam" | undefined;
    };
  };

/** The built-in types. A new type of the contract without required fields needs no line here. */
export type BuiltInEvents = Omit<Record<BuiltInType, Plain>, "install" | "purchase" | "player_score" | MoneyType> &
  Record<MoneyType, Paid> & {
    install: Install;
    purchase: Purchase;
    player_score: Plain & { score: NonNullable<WireFields["score"]> };
  };
type MoneyType = "deposit" | "withdrawal" | "refund";

/** Your additional types, each with its required fields: `{ tutorial_done: { data: { step: number } } }`. */
export type OwnEvents = Record<string, object>;
export type NoOwnEvents = Record<never, never>;

export type FieldsOf<Type extends string, Own extends OwnEvents = NoOwnEvents> = Type extends keyof Own
  ? Omit<Plain, keyof Own[Type]> & Own[Type]
  : Type extends keyof BuiltInEvents
    ? BuiltInEvents[Type]
    : Plain;

/** An event of one type, for `track`. */
export type EdgepixelEvent<Type extends string = string, Own extends OwnEvents = NoOwnEvents> = {
  event_type: Type;
} & FieldsOf<Type, Own>;

/** An event as it is sent: the id and the time were set by `track`, once. */
export type TrackedEvent = Omit<WireFields, "event_id" | "timestamp"> & {
  event_id: string;
  timestamp: string | number;
};

/** Why an event was refused: by the server, or here (`field` is then `event` or `request`). */
export type Rejection = Omit<ServerError, "code"> & { code: ServerError["code"] | `http_${number}` };
export type DropReason = "buffer_full" | "expired" | "closed";
