/** Visit → registration → first deposit → repeat deposit: how many took each step, and how long it took them. */
import type { ComponentChildren } from "preact";
import type { Funnel, FunnelStep } from "../../worker/reports/funnel.ts";
import { Compared, ComparisonSkeleton, useCompared } from "../campaigns/comparison.tsx";
import { Count, Delta, FEW } from "../figure.tsx";
import { changeOf, duration, exact, NOTHING, rate, titled } from "../format.ts";
import { Link } from "../link.tsx";
import { useNavigation } from "../navigation.ts";
import { Choices, panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { isOpenTo, viewOf } from "../views.ts";
import { words } from "../words.ts";
import { funnel } from "./query.ts";

const BY = { visit_date: words.funnel.byVisitDate, event_date: words.funnel.byEventDate } as const;
const MEANING = {
  visit_date: words.funnel.visitorsWhoseFirstVisitWas,
  event_date: words.funnel.everyoneWhoReachedAStepIn,
} as const;

export const FunnelPanel = panel({
  name: "funnel",
  title: words.common.funnel,
  query: funnel,
  Show,
  Skeleton,
  Actions,
});

function Actions() {
  const { address, go } = useNavigation();
  return (
    <Choices
      legend={words.funnel.theDateThatCounts}
      options={BY}
      chosen={address.by}
      choose={(by) => go({ by }, "replace")}
    />
  );
}

/** On the overview, the cards show the changes. */
const isCompared = ({ address: { view, compare } }: Scope) => view !== "overview" && compare !== "none";

function Show({ data: { steps, by }, scope }: { data: Funnel; scope: Scope }) {
  const { principal } = scope;
  const comparing = isCompared(scope);
  const compared = useCompared(comparing ? scope : null, (period) => funnel(scope, period));
  const players = viewOf("players");
  const named = players !== undefined && isOpenTo(principal, players);
  const most = Math.max(1, ...steps.map(({ players }) => players));
  return (
    <>
      <p class="lead">{MEANING[by]}</p>
      {comparing && <Compared scope={scope} />}
      <ol class="steps">
        {steps.map((step, index) => (
          <Step
            key={step.event_type}
            step={step}
            share={step.players / most}
            first={index === 0}
            named={named}
            change={
              comparing && (
                <span class="step-change">
                  {compared && (
                    <StepChange
                      current={compared.current.steps[index]}
                      earlier={compared.earlier.steps[index]}
                      called={compared.called}
                    />
                  )}
                </span>
              )
            }
          />
        ))}
      </ol>
    </>
  );
}

/** `named`: the reader may see who the players are. */
type Shown = { step: FunnelStep; share: number; first: boolean; named: boolean; change: ComponentChildren };

type Changed = { current: FunnelStep | undefined; earlier: FunnelStep | undefined; called: string };

/** How many more or fewer took the step than in the compared period. */
const StepChange = ({ current, earlier, called }: Changed) =>
  current &&
  earlier && (
    <Delta
      change={changeOf(current.players, earlier.players)}
      compared={words.common.inPeriod(exact(earlier.players), called)}
      small={current.players < FEW && earlier.players < FEW}
    />
  );

function Step({ step, share, first, named, change }: Shown) {
  const { event_type, players, rate_from_previous, rate_from_first, median_seconds_from_previous } = step;
  return (
    <li class={`step ${event_type}`} data-step={event_type}>
      {!first && (
        <p class="step-passage">
          <span aria-hidden="true">↓ </span>
          {rate_from_previous === null
            ? words.funnel.noOneYet
            : words.funnel.continued(<strong>{rate(rate_from_previous)}</strong>)}
          {median_seconds_from_previous !== null && (
            <span title={words.funnel.halfOfThemWereFasterThan}>
              {words.funnel.median(
                median_seconds_from_previous < 1 ? words.funnel.under1s : duration(median_seconds_from_previous),
              )}
            </span>
          )}
        </p>
      )}
      <div class="step-line">
        <span class="step-name">
          {named ? (
            <Link class="link" to={{ view: "players", part: event_type }} title={words.funnel.thePlayersAtThisStep}>
              {titled(event_type)}
            </Link>
          ) : (
            titled(event_type)
          )}
        </span>
        {change}
        <span class="step-figure">
          <Count value={players} />
        </span>
        <span class="step-rate" title={words.funnel.ofAllWhoVisited}>
          {first ? NOTHING : rate(rate_from_first)}
        </span>
      </div>
      <div class="bar" aria-hidden="true">
        {players > 0 && <div class="bar-fill" style={{ width: `${share * 100}%` }} />}
      </div>
    </li>
  );
}

function Skeleton({ scope }: { scope: Scope }) {
  return (
    <div aria-hidden="true">
      <p class="lead">
        <span class="bone">{MEANING.visit_date}</span>
      </p>
      {isCompared(scope) && <ComparisonSkeleton scope={scope} />}
      <ol class="steps">
        {["visit", "registration", "first_deposit", "repeat_deposit"].map((name, index) => (
          <li key={name} class="step">
            {index > 0 && (
              <p class="step-passage">
                <span class="bone">00.0% continued · median 0h 00m</span>
              </p>
            )}
            <div class="step-line">
              <span class="step-name">{titled(name)}</span>
              <span class="step-figure">
                <span class="bone">0,000</span>
              </span>
            </div>
            <div class="bar bone" />
          </li>
        ))}
      </ol>
    </div>
  );
}
