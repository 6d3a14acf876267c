/** The columns of the players, and of what those see of them who may not know who they are. */
import type { PlayerRow } from "../../worker/reports/players.ts";
import type { Profile } from "../../worker/reports/profiles.ts";
import type { Column } from "../table/columns.ts";

export const COLUMNS: readonly Column<PlayerRow>[] = [
  { name: "player_id", title: "Player", kind: "text", value: ({ player_id }) => player_id },
  {
    name: "segment",
    title: "Segment",
    kind: "text",
    hint: "By spend in USD: whale from 100, dolphin from 20, minnow from 5, else free",
    value: ({ segment }) => segment,
    show: ({ segment }) => <span class="badge">{segment}</span>,
  },
  {
    name: "spend_usd",
    title: "Spend",
    kind: "money",
    hint: "Purchases and deposits less refunds, in USD",
    value: ({ spend_usd }) => spend_usd,
  },
  { name: "total_deposits", title: "Deposits", kind: "count", value: ({ total_deposits }) => total_deposits },
  { name: "total_events", title: "Events", kind: "count", value: ({ total_events }) => total_events },
  {
    name: "first_tag",
    title: "First tag",
    kind: "text",
    hint: "Of the first tagged event",
    value: ({ first_tag }) => first_tag,
  },
  { name: "last_event_at", title: "Last event", kind: "time", value: ({ last_event_at }) => last_event_at },
  { name: "first_seen", title: "First seen", kind: "time", value: ({ first_seen }) => first_seen },
  { name: "registration_at", title: "Registered", kind: "time", value: ({ registration_at }) => registration_at },
  { name: "deposit_at", title: "First deposit", kind: "time", value: ({ deposit_at }) => deposit_at },
  {
    name: "registration_tag",
    title: "Tag of registration",
    kind: "text",
    hint: "That the registration counts for",
    value: ({ registration_tag }) => registration_tag,
    optional: true,
  },
  {
    name: "deposit_tag",
    title: "Tag of first deposit",
    kind: "text",
    hint: "That the first deposit counts for",
    value: ({ deposit_tag }) => deposit_tag,
    optional: true,
  },
  {
    name: "last_tag",
    title: "Last tag",
    kind: "text",
    hint: "Of the last tagged event",
    value: ({ last_tag }) => last_tag,
    optional: true,
  },
];

export const MASKED: readonly Column<Profile>[] = [
  { name: "uid", title: "Pseudonym", kind: "text", value: ({ uid }) => uid },
  { name: "email", title: "E-mail", kind: "text", value: ({ email }) => email },
  { name: "phone", title: "Phone", kind: "text", value: ({ phone }) => phone },
  { name: "total_spins", title: "Spins", kind: "count", value: ({ total_spins }) => total_spins },
  { name: "total_purchases", title: "Purchases", kind: "count", value: ({ total_purchases }) => total_purchases },
  { name: "total_deposits", title: "Deposits", kind: "count", value: ({ total_deposits }) => total_deposits },
  { name: "favourite_app", title: "Favourite app", kind: "text", value: ({ favourite_app }) => favourite_app },
  { name: "last_event_at", title: "Last event", kind: "time", value: ({ last_event_at }) => last_event_at },
  { name: "first_seen", title: "First seen", kind: "time", value: ({ first_seen }) => first_seen },
  { name: "first_tag", title: "First tag", kind: "text", value: ({ first_tag }) => first_tag },
];
