/** Facts about a player: figures, times, tags, and how long each step took. */
import type { PlayerProfile } from "../../worker/reports/player.ts";
import { Amounts, type Fact, factsOf } from "../facts.tsx";
import { Price, Sum } from "../figure.tsx";
import { stateText } from "../format.ts";
import { lessOf } from "../sums.ts";
import { words } from "../words.ts";
import type { OwnProfile } from "./query.ts";

const KNOWN = [
  ["favourite_app", words.players.favouriteApp, "text"],
  ["total_events", words.common.events, "count"],
  ["first_seen", words.common.firstSeen, "time"],
  ["last_event_at", words.common.lastEvent, "time"],
  ["registration_at", words.players.registered, "time"],
  ["deposit_at", words.players.firstDeposit, "time"],
  ["second_deposit_at", words.players.secondDeposit, "time"],
  ["third_deposit_at", words.players.thirdDeposit, "time"],
  ["first_tag", words.common.firstTag, "text"],
  ["registration_tag", words.players.registrationTag, "text"],
  ["deposit_tag", words.players.firstDepositTag, "text"],
  ["last_tag", words.players.lastTag, "text"],
  ["email", words.common.eMail, "text"],
  ["phone", words.common.phone, "text"],
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
  const amountFact = (name: string, title: string, hint: string, amount: string, missing: Amounts): Fact => ({
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
      title: words.common.segment,
      hint: words.players.bySpendWhaleFrom100Usd,
      shown: <span class="badge">{stateText(segment)}</span>,
    },
    amountFact(
      "net_amount",
      words.common.lifetimeValue,
      words.players.spendLessWhatWasWithdrawn,
      converted.net_amount,
      lessOf(unconverted, refunded_unconverted, withdrawn_unconverted),
    ),
    amountFact(
      "spend",
      words.players.spend,
      words.players.purchasesAndDepositsLess,
      converted.spend,
      lessOf(unconverted, refunded_unconverted),
    ),
    amountFact(
      "withdrawn",
      words.common.withdrawn,
      words.players.inTheProjectCurrencyAtThe,
      converted.withdrawn,
      withdrawn_unconverted,
    ),
    {
      name: "spend_as_paid",
      title: words.players.spendOriginalCurrencies,
      hint: words.players.asItCameIn,
      shown: <Amounts of={spend} />,
    },
    {
      name: "withdrawn_as_paid",
      title: words.players.withdrawnOriginal,
      hint: words.players.asItWasPaidOut,
      shown: <Amounts of={withdrawn} />,
    },
  ];
}

/** The time between two steps; empty if one is missing, or came before the step that it follows. */
export function timeToSale({ visit_at, registration_at, deposit_at }: PlayerProfile, timezone: string): Fact[] {
  const step = (name: string, title: string, from: string | null, to: string | null) => ({
    name,
    title,
    kind: "duration" as const,
    value: from === null || to === null || to < from ? null : (Date.parse(to) - Date.parse(from)) / 1_000,
  });
  return factsOf(
    [
      step("visit_to_registration", words.players.visitRegistration, visit_at, registration_at),
      step("registration_to_deposit", words.players.registrationDeposit, registration_at, deposit_at),
      step("visit_to_deposit", words.players.visitDeposit, visit_at, deposit_at),
    ],
    timezone,
  );
}
