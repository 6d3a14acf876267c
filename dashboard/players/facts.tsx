/** What is known of a player, as facts: what they brought, when they came and by which tags, how long it took them. */
import type { PlayerProfile } from "../../worker/reports/player.ts";
import { Amounts, type Fact, factsOf } from "../facts.tsx";
import { Price, Sum } from "../figure.tsx";
import { lessOf, sumOf } from "../sums.ts";

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

export function factsOfPlayer(player: PlayerProfile, timezone: string): Fact[] {
  const { segment, spend_usd, withdrawn_usd, spend, withdrawn } = player;
  const { unconverted, refunded_unconverted, withdrawn_unconverted } = player;
  type Amounts = Record<string, string>;
  const usd = (name: string, title: string, hint: string, amount: string, missing: Amounts): Fact => ({
    name,
    title,
    hint,
    shown:
      Object.keys(missing).length === 0 ? (
        <Price amount={amount} currency="USD" />
      ) : (
        <Sum amount={amount} currency="USD" missing={missing} />
      ),
  });
  return [
    {
      name: "segment",
      title: "Segment",
      hint: "By spend: whale from 100 USD, dolphin from 20, minnow from 5, else free; unknown without an exchange rate",
      shown: <span class="badge">{segment}</span>,
    },
    usd(
      "net_usd",
      "Lifetime value",
      "Spend less what was withdrawn, in USD",
      sumOf([spend_usd, `-${withdrawn_usd}`]),
      lessOf(unconverted, refunded_unconverted, withdrawn_unconverted),
    ),
    usd(
      "spend_usd",
      "Spend in USD",
      "Purchases and deposits less refunds",
      spend_usd,
      lessOf(unconverted, refunded_unconverted),
    ),
    usd("withdrawn_usd", "Withdrawn in USD", "At the rates of the events' dates", withdrawn_usd, withdrawn_unconverted),
    { name: "spend", title: "Spend", hint: "In the currencies that it came in", shown: <Amounts of={spend} /> },
    { name: "withdrawn", title: "Withdrawn", hint: "In its currencies", shown: <Amounts of={withdrawn} /> },
    {
      name: "unconverted",
      title: "Without a rate",
      hint: "Paid in currencies without a rate in force on the date: in no figure in USD",
      shown: <Amounts of={unconverted} />,
    },
    ...factsOf(
      KNOWN.map(([name, title, kind]) => ({ name, title, kind, value: player[name] })),
      timezone,
    ),
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
