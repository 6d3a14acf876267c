/** Events as the live counters receive them, and as the stream shows them. */

import { formatMoney } from "../money.ts";
import { iso } from "../time.ts";
import type { Cell } from "./bucket.ts";

/** A counted event as the live figures need it. */
export type LiveEvent = {
  seq: number;
  /** The `seq` under which this event was counted before it stopped to count; null where it is counted now. */
  takes_back: number | null;
  event_id: string;
  event_type: string;
  player_id: string | null;
  /** The person, and the visitor's name where the event names no player: a Worker of an earlier version does not pass them. */
  person?: string;
  visitor?: string | null;
  banner_tag: string;
  country: string;
  device: string;
  app_id: string;
  amount: number | null;
  currency: string | null;
  /** When it happened, or when it was received if the sender's clock is fast; epoch milliseconds. */
  at: number;
};

export function cellOf(event: LiveEvent): Cell {
  const { event_type, banner_tag, country, device, app_id, amount, currency, takes_back } = event;
  const named = { event_type, banner_tag, country, device, app_id, currency: currency ?? "" };
  const units = BigInt(amount ?? 0);
  return takes_back === null ? { ...named, total: 1, units } : { ...named, total: -1, units: -units };
}

/** An event as the stream shows it; `player_id` is null for those who may not see it. */
export type StreamedEvent = {
  event_id: string;
  event_type: string;
  player_id: string | null;
  banner_tag: string | null;
  country: string | null;
  device: string | null;
  app_id: string | null;
  amount: string | null;
  currency: string | null;
  timestamp: string;
};

/** What may be shown: whether people are, which tags (null is all), and whether amounts of money are hidden. */
export type View = { personal: boolean; banner_tags: string[] | null; hide_amounts?: true };

export function streamed(events: LiveEvent[], { personal, banner_tags, hide_amounts }: View): StreamedEvent[] {
  const visible = banner_tags === null ? events : events.filter((event) => banner_tags.includes(event.banner_tag));
  return visible.map((event) => ({
    event_id: event.event_id,
    event_type: event.event_type,
    player_id: personal ? event.player_id : null,
    banner_tag: event.banner_tag || null,
    country: event.country || null,
    device: event.device || null,
    app_id: event.app_id || null,
    amount: event.amount === null || hide_amounts ? null : formatMoney(event.amount),
    currency: event.currency,
    timestamp: iso(event.at),
  }));
}
