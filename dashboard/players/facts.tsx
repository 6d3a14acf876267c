/** What is known of a player, as facts: what they brought, when they came and by which tags, how long it took them. */
import type { PlayerProfile } from "../../worker/reports/player.ts";
import { Amounts, type Fact, factsOf } from "../facts.tsx";
import { Price, Sum } from "../figure.tsx";
import { lessOf } from "../sums.ts";
import type { OwnProfile } from "./query.ts";

const KNOWN = [
  ["favourite_app", "Favourite app", "text"],
  ["total_events", "Events", "count"],
  ["first_seen", "First seen", "time"],
  ["last_event_at", "Last event", "time"],
  ["registration_at", "Registered", "time"],
  ["deposit_at", "First deposit", "time"],
  ["second_deposit_at", "Second deposit", "time"],
  ["third_deposit_at", "Third deposit", "time"],
  ["first_tag", "First tag", "text"],
  ["registration_tag", "Registration tag", "text"],
  ["deposit_tag", "First-deposit tag", "text"],
  ["last_tag", "Last tag", "text"],
  ["email", "E-mail", "text"],
  ["phone", "Phone", "text"],
] as const;

export const factsOfPlayer = (player: OwnProfile, timezone: string, amounts: boolean): Fact[] => [
  ...(amounts ? amountsOf(player) : []),
  ...factsOf(
    KNOWN.map(([name, title, kind]) => ({ name, title, kind, value: player[name] })),
    timezone,
  ),
];

function amountsOf(player: OwnProfile): Fact[] {
  const { segment, currency, converted, spend, withdrawn } = player;
  const { unconverted, refunded_unconverted, withdrawn_unconverted } = converted;
  type Amounts = Record<string, string>;
  const own = (name: string, title: string, hint: string, amount: string, missing: Amounts): Fact => ({
    name,
    title,
    hint,
    shown:
      Object.keys(missing).length === 0 ? (
        <Price amount={amount} currency={currency} />
      ) : (
        <Sum amount={amount} currency={currency} missing={missing} />
      ),
  });
  return [
    {
      name: "segment",
      title: "Segment",
      hint: "By spend: whale from 100 USD, dolphin from 20, minnow from 5, else free; unknown without an exchange rate",
      shown: <span class="badge">{segment}</span>,
    },
    own(
      "net_amount",
      "Lifetime value",
      "Spend less what was withdrawn, in the project's currency",
      converted.net_amount,
      lessOf(unconverted, refunded_unconverted, withdrawn_unconverted),
    ),
    own(
      "spend",
      "Spend",
      "Purchases and deposits less refunds, in the project's currency",
      converted.spend,
      lessOf(unconverted, refunded_unconverted),
    ),
    own(
      "withdrawn",
      "Withdrawn",
      "In the project's currency, at the rates of the events' dates",
      converted.withdrawn,
      withdrawn_unconverted,
    ),
    {
      name: "spend_as_paid",
      title: "Spend, original currencies",
      hint: "As it came in",
      shown: <Amounts of={spend} />,
    },
    {
      name: "withdrawn_as_paid",
      title: "Withdrawn, original currencies",
      hint: "As it was paid out",
      shown: <Amounts of={withdrawn} />,
    },
  ];
}

/** How long it took; nothing where a step is missing, or came before the one that it follows. */
export function timeToSale({ visit_at, registration_at, deposit_at }: PlayerProfile, timezone: string): Fact[] {
  const step = (name: string, title: string, from: string | null, to: string | null) => ({
    name,
    title,
    kind: "duration" as const,
    value: from === null || to === null || to < from ? null : (Date.parse(to) - Date.parse(from)) / 1_000,
  });
  return factsOf(
    [
      step("visit_to_registration", "Visit → registration", visit_at, registration_at),
      step("registration_to_deposit", "Registration → deposit", registration_at, deposit_at),
      step("visit_to_deposit", "Visit → deposit", visit_at, deposit_at),
    ],
    timezone,
  );
}
