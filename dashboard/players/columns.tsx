/** The columns of the players, and of what those see of them who may not know who they are. */
import type { PlayerRow } from "../../worker/reports/players.ts";
import type { Profile } from "../../worker/reports/profiles.ts";
import { NOTHING } from "../format.ts";
import { lessOf } from "../sums.ts";
import type { Column } from "../table/columns.ts";
import type { Spender } from "./query.ts";

export const COLUMNS: readonly Column<PlayerRow>[] = [
  { name: "player_id", title: "Player", kind: "text" },
  {
    name: "segment",
    title: "Segment",
    kind: "text",
    telling: true,
    hint: "By spend in USD: whale from 100, dolphin from 20, minnow from 5, else free; unknown without an exchange rate",
    show: ({ segment }) => <span class="badge">{segment}</span>,
  },
  {
    name: "spend",
    title: "Spend",
    kind: "money",
    hint: "Purchases and deposits less refunds, in the project's currency",
    currency: ({ currency = "USD" }) => currency,
    show: ({ spend }) =>
      spend === null ? (
        <data value={NOTHING} title="Part of it has no exchange rate">
          unknown
        </data>
      ) : undefined,
  },
  { name: "total_deposits", title: "Deposits", kind: "count" },
  { name: "total_events", title: "Events", kind: "count" },
  {
    name: "first_tag",
    title: "First tag",
    kind: "text",
    hint: "Of the first tagged event",
  },
  { name: "last_event_at", title: "Last event", kind: "time" },
  { name: "first_seen", title: "First seen", kind: "time" },
  { name: "registration_at", title: "Registered", kind: "time" },
  { name: "deposit_at", title: "First deposit", kind: "time" },
  {
    name: "registration_tag",
    title: "Registration tag",
    kind: "text",
    hint: "That the registration counts for",
    optional: true,
  },
  {
    name: "deposit_tag",
    title: "First-deposit tag",
    kind: "text",
    hint: "That the first deposit counts for",
    optional: true,
  },
  {
    name: "last_tag",
    title: "Last tag",
    kind: "text",
    hint: "Of the last tagged event",
    optional: true,
  },
];

export const SPENDERS: readonly Column<Spender>[] = [
  {
    name: "player_id",
    title: "Player",
    kind: "text",
    show: ({ player_id, visitor_id }) =>
      player_id ?? <span title="A visitor who is not known as a player">{visitor_id}</span>,
  },
  { name: "segment", title: "Segment", kind: "text", show: ({ segment }) => <span class="badge">{segment}</span> },
  {
    name: "spend",
    title: "Spend",
    kind: "money",
    currency: ({ into }) => into,
    hint: "Purchases and deposits less refunds",
    missing: ({ unconverted, refunded_unconverted }) => lessOf(unconverted, refunded_unconverted),
    summed: true,
  },
  {
    name: "net_amount",
    title: "Net",
    kind: "money",
    currency: ({ into }) => into,
    hint: "Spend less withdrawn",
    missing: (row) => lessOf(row.unconverted, row.refunded_unconverted, row.withdrawn_unconverted),
    summed: true,
  },
  { name: "payments", title: "Payments", kind: "count", hint: "Purchases and deposits" },
  { name: "banner_tag", title: "Tag", kind: "text", hint: "That brought the player" },
  { name: "first_purchase_date", title: "First payment", kind: "date" },
  { name: "last_purchase_date", title: "Last payment", kind: "date" },
  { name: "last_event_at", title: "Last event", kind: "time" },
];

export const MASKED: readonly Column<Profile>[] = [
  { name: "uid", title: "Pseudonym", kind: "text" },
  { name: "email", title: "E-mail", kind: "text" },
  { name: "phone", title: "Phone", kind: "text" },
  { name: "total_spins", title: "Spins", kind: "count" },
  { name: "total_purchases", title: "Purchases", kind: "count" },
  { name: "total_deposits", title: "Deposits", kind: "count" },
  { name: "favourite_app", title: "Favourite app", kind: "text" },
  { name: "last_event_at", title: "Last event", kind: "time" },
  { name: "first_seen", title: "First seen", kind: "time" },
  { name: "first_tag", title: "First tag", kind: "text" },
];
