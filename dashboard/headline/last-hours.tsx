/** The figures of the last 24 hours, each the sum of its hours: without numbers of people, which cannot be added up. */
import type { ComponentChildren } from "preact";
import { useAmounts } from "../amounts.ts";
import { type Answer, useAnswer } from "../answers.ts";
import { Count, Delta, FEW, Sum } from "../figure.tsx";
import { changeOf, exact, exactMoney, rate } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { NoRate } from "../no-rate.tsx";
import { Answered } from "../panel.tsx";
import { bucketsOf, lastHours, type Period } from "../period.ts";
import type { Scope } from "../scope.ts";
import { addOf, sumOf } from "../sums.ts";
import { words } from "../words.ts";
import { deposited, metrics } from "./query.ts";
import { pointsOf, SERIES } from "./series.ts";

const COUNTED = ["visits", "registrations", "deposits"] as const;
type Counted = (typeof COUNTED)[number];
type Money = Awaited<ReturnType<ReturnType<typeof deposited>["ask"]>>;
/** Without `money` for a reader who sees no amounts. */
type Known = { counts: Awaited<ReturnType<ReturnType<typeof metrics>["ask"]>>; money?: Money };

const total = (points: readonly number[]) => points.reduce((all, point) => all + point, 0);

/** The amount deposited in some hours of these days. */
function paidIn({ rows, into }: Money, days: Period, begin: number, end: number) {
  const hours = new Set(
    bucketsOf(days, "hour")
      .slice(begin, end)
      .map(({ event_date, event_hour }) => `${event_date} ${event_hour}`),
  );
  const within = rows.filter(({ event_date, event_hour }) => hours.has(`${event_date} ${event_hour}`));
  return {
    currency: into,
    amount: sumOf(within.map(({ amount }) => amount)),
    missing: addOf(within.map(({ unconverted }) => unconverted)),
  };
}

/** Both are requested at once, and shown together. */
function together(counts: Answer<Known["counts"]>, money: Answer<Money>): Answer<Known> {
  return {
    data: counts.data && money.data && { counts: counts.data, money: money.data },
    stale: counts.stale || money.stale,
    loading: counts.loading || money.loading,
    error: counts.error ?? money.error,
    retry: () => {
      counts.retry();
      money.retry();
    },
  };
}

export function LastHours({ scope, skeleton }: { scope: Scope; skeleton: ComponentChildren }) {
  const { days } = lastHours(scope.today, scope.hour);
  const amounts = useAmounts();
  const counts = useAnswer(metrics(scope, days));
  const money = useAnswer(amounts ? deposited(scope, days) : null);
  const answer = amounts ? together(counts, money) : { ...counts, data: counts.data && { counts: counts.data } };
  return (
    <Answered answer={answer} what={words.common.figures} skeleton={skeleton}>
      {(data) => <Cards data={data} scope={scope} />}
    </Answered>
  );
}

function Cards({ data: { counts, money }, scope }: { data: Known; scope: Scope }) {
  const { address } = scope;
  const { go } = useNavigation();
  const { days, before, begin, end } = lastHours(scope.today, scope.hour);
  const isCompared = address.compare !== "none";
  const hoursOf = (name: Counted) => pointsOf(counts.rows, days, "hour", SERIES[name].event_type, "total");
  const ofHours = (name: Counted) => total(hoursOf(name).slice(begin, end));
  const visits = ofHours("visits");
  return (
    <>
      <div class={`cards of-${COUNTED.length + (money ? 1 : 0)}`}>
        {COUNTED.map((name) => {
          const hours = hoursOf(name);
          // The running hour is not compared.
          const [now, then] = [total(hours.slice(begin, end - 1)), total(hours.slice(before, begin - 1))];
          return (
            <button
              key={name}
              type="button"
              class={`card ${name}`}
              aria-pressed={name === address.series}
              onClick={() => go({ series: name }, "replace")}
            >
              <span class="card-title">{SERIES[name].title}</span>
              <span class="card-figure" data-figure={name}>
                <Count value={ofHours(name)} />
                {isCompared && (
                  <Delta
                    change={changeOf(now, then)}
                    compared={words.headline.inTheSameHoursOfTheDay(exact(then))}
                    small={now < FEW && then < FEW}
                  />
                )}
              </span>
              <span class="card-note">
                {name === "registrations" && visits > 0 && words.headline.ofVisits(rate(ofHours(name) / visits))}
              </span>
            </button>
          );
        })}
        {money && <AmountCard money={money} scope={scope} small={ofHours("deposits") < FEW} />}
      </div>
      <p class="lead comparison">
        {isCompared && words.headline.comparedWithThe24Hours}
        {words.headline.theTablesBelowAreOf}
      </p>
      {money && (
        <NoRate
          what={words.common.deposited}
          amounts={paidIn(money, days, begin, end).missing}
          principal={scope.principal}
        />
      )}
    </>
  );
}

function AmountCard({ money, scope, small }: { money: Money; scope: Scope; small: boolean }) {
  const { address } = scope;
  const { go } = useNavigation();
  const { days, before, begin, end } = lastHours(scope.today, scope.hour);
  const [current, earlier] = [paidIn(money, days, begin, end - 1), paidIn(money, days, before, begin - 1)];
  const isKnown = [current, earlier].every(({ missing }) => Object.keys(missing).length === 0);
  return (
    <button
      type="button"
      class="card amount"
      aria-pressed={address.series === "amount"}
      onClick={() => go({ series: "amount" }, "replace")}
    >
      <span class="card-title">{SERIES.amount.title}</span>
      <span class="card-figure" data-figure="amount">
        <Sum {...paidIn(money, days, begin, end)} />
        {address.compare !== "none" && isKnown && (
          <Delta
            change={changeOf(Number(current.amount), Number(earlier.amount))}
            compared={words.headline.inTheSameHoursOfTheDay(exactMoney(earlier.amount, money.into))}
            small={small}
          />
        )}
      </span>
      <span class="card-note" />
    </button>
  );
}
