/** The columns of the players, and those for readers who may not see who they are. */
import type { PlayerRow } from "../../worker/reports/players.ts";
import type { Profile } from "../../worker/reports/profiles.ts";
import { NOTHING, stateText } from "../format.ts";
import { lessOf } from "../sums.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";
import type { Spender } from "./query.ts";

export const COLUMNS: readonly Column<PlayerRow>[] = [
  { name: "player_id", title: words.common.playerTitle, kind: "text" },
  {
    name: "segment",
    title: words.common.segment,
    kind: "text",
    telling: true,
    hint: words.players.spendGroups,
    show: ({ segment }) => <span class="badge">{stateText(segment)}</span>,
  },
  {
    name: "spend",
    title: words.players.spend,
    kind: "money",
    hint: words.players.purchasesAndDepositsLess,
    currency: ({ currency = "USD" }) => currency,
    show: ({ spend }) =>
      spend === null ? (
        <data value={NOTHING} title={words.players.partOfItHasNoExchangeRate}>
          {words.common.unknown}
        </data>
      ) : undefined,
  },
  { name: "total_deposits", title: words.common.deposits, kind: "count" },
  { name: "total_events", title: words.common.events, kind: "count" },
  {
    name: "first_tag",
    title: words.common.firstTag,
    kind: "text",
    hint: words.players.ofTheFirstTaggedEvent,
  },
  { name: "last_event_at", title: words.common.lastEvent, kind: "time" },
  { name: "first_seen", title: words.common.firstSeen, kind: "time" },
  { name: "registration_at", title: words.players.registered, kind: "time" },
  { name: "deposit_at", title: words.players.firstDeposit, kind: "time" },
  {
    name: "registration_tag",
    title: words.players.registrationTag,
    kind: "text",
    hint: words.players.thatTheRegistrationCounts,
    optional: true,
  },
  {
    name: "deposit_tag",
    title: words.players.firstDepositTag,
    kind: "text",
    hint: words.players.thatTheFirstDepositCounts,
    optional: true,
  },
  {
    name: "last_tag",
    title: words.players.lastTag,
    kind: "text",
    hint: words.players.ofTheLastTaggedEvent,
    optional: true,
  },
];

export const SPENDERS: readonly Column<Spender>[] = [
  {
    name: "player_id",
    title: words.common.playerTitle,
    kind: "text",
    show: ({ player_id, visitor_id }) =>
      player_id ?? <span title={words.players.aVisitorWhoIsNotKnownAsA}>{visitor_id}</span>,
  },
  {
    name: "segment",
    title: words.common.segment,
    kind: "text",
    show: ({ segment }) => <span class="badge">{stateText(segment)}</span>,
  },
  {
    name: "spend",
    title: words.players.spend,
    kind: "money",
    currency: ({ into }) => into,
    hint: words.common.purchasesAndDepositsLess,
    missing: ({ unconverted, refunded_unconverted }) => lessOf(unconverted, refunded_unconverted),
    summed: true,
  },
  {
    name: "net_amount",
    title: words.common.net,
    kind: "money",
    currency: ({ into }) => into,
    hint: words.players.spendLessWithdrawn,
    missing: (row) => lessOf(row.unconverted, row.refunded_unconverted, row.withdrawn_unconverted),
    summed: true,
  },
  { name: "payments", title: words.players.payments, kind: "count", hint: words.common.purchasesAndDeposits },
  { name: "banner_tag", title: words.common.tag, kind: "text", hint: words.players.thatBroughtThePlayer },
  { name: "first_purchase_date", title: words.players.firstPayment, kind: "date" },
  { name: "last_purchase_date", title: words.players.lastPayment, kind: "date" },
  { name: "last_event_at", title: words.common.lastEvent, kind: "time" },
];

export const MASKED: readonly Column<Profile>[] = [
  { name: "uid", title: words.players.pseudonym, kind: "text" },
  { name: "email", title: words.common.eMail, kind: "text" },
  { name: "phone", title: words.common.phone, kind: "text" },
  { name: "total_spins", title: words.common.spins, kind: "count" },
  { name: "total_purchases", title: words.common.purchases, kind: "count" },
  { name: "total_deposits", title: words.common.deposits, kind: "count" },
  { name: "favourite_app", title: words.players.favouriteApp, kind: "text" },
  { name: "last_event_at", title: words.common.lastEvent, kind: "time" },
  { name: "first_seen", title: words.common.firstSeen, kind: "time" },
  { name: "first_tag", title: words.common.firstTag, kind: "text" },
];
