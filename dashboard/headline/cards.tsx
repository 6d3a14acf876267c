/** The figures of the period. A card whose figure exists over time selects what the chart shows. */
import type { ComponentChildren } from "preact";
import type { CampaignFigures, Campaigns } from "../../worker/reports/campaigns.ts";
import { useAmounts } from "../amounts.ts";
import { comparisonOf } from "../campaigns/comparison.tsx";
import { Average, Count, Delta, FEW, Sum } from "../figure.tsx";
import { changeOf, exact, exactMoney, NOTHING, rate } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import type { Scope } from "../scope.ts";
import { lessOf } from "../sums.ts";
import { words } from "../words.ts";
import type { SeriesName } from "./series.ts";

type Figure = "visits" | "registrations" | "first_deposits" | "deposits" | "amount" | "ngr";
type Card = {
  figure: Figure;
  title: string;
  series?: SeriesName;
  /** The parts of an amount that have no exchange rate. */
  missing?: (figures: CampaignFigures) => Record<string, string>;
  Note: (data: { data: Campaigns }) => ComponentChildren;
};

const Epc = ({ data: { total, currency } }: { data: Campaigns }) => (
  <>
    {words.headline.epc(
      total.deposit_per_visit !== null ? (
        <Average amount={total.deposit_per_visit} currency={currency} />
      ) : total.visits > 0 ? (
        words.common.unknown
      ) : (
        NOTHING
      ),
    )}
  </>
);

const CARDS: readonly Card[] = [
  {
    figure: "visits",
    title: words.common.visits,
    series: "visits",
    Note: ({ data: { total } }) => <>{words.headline.visitors(<Count value={total.unique_players} />)}</>,
  },
  {
    figure: "registrations",
    title: words.common.registrations,
    series: "registrations",
    Note: ({ data: { total } }) => (
      <>{total.visit_to_registration !== null && words.headline.ofVisits(rate(total.visit_to_registration))}</>
    ),
  },
  {
    figure: "first_deposits",
    title: words.common.firstDeposits,
    series: "first_deposits",
    Note: ({ data: { total } }) => (
      <>
        {total.registration_to_first_deposit !== null &&
          words.headline.ofRegistrations(rate(total.registration_to_first_deposit))}
      </>
    ),
  },
  {
    figure: "deposits",
    title: words.common.deposits,
    series: "deposits",
    Note: ({ data: { total } }) => <>{words.headline.byDepositors(<Count value={total.depositors} />)}</>,
  },
  {
    figure: "amount",
    title: words.common.depositAmount,
    series: "amount",
    missing: ({ unconverted }) => unconverted,
    Note: Epc,
  },
];

/** If the project has a rule for NGR, its card replaces the number of deposits. */
const NGR_CARDS: readonly Card[] = [
  ...CARDS.slice(0, 3),
  {
    ...(CARDS[4] as Card),
    Note: ({ data: { total } }) => <>{words.headline.deposits(<Count value={total.deposits} />)}</>,
  },
  {
    figure: "ngr",
    title: words.campaigns.ngr,
    series: "ngr",
    missing: ({ unconverted, refunded_unconverted, withdrawn_unconverted }) =>
      lessOf(unconverted, refunded_unconverted, withdrawn_unconverted),
    Note: Epc,
  },
];

function useCards(data?: Campaigns): readonly Card[] {
  const amounts = useAmounts();
  if (!amounts) return CARDS.filter(({ missing }) => !missing);
  return data?.total.ngr === undefined ? CARDS : NGR_CARDS;
}

export function Cards({ data, scope }: { data: Campaigns; scope: Scope }) {
  const { address } = scope;
  const { go } = useNavigation();
  const cards = useCards(data);
  // Without a rule for NGR the chart shows the deposited amounts.
  const chosen = address.series === "ngr" && data.total.ngr === undefined ? "amount" : address.series;
  return (
    <div class={`cards of-${cards.length}`}>
      {cards.map((card) => {
        const { series } = card;
        const body = <CardBody card={card} data={data} scope={scope} />;
        return series ? (
          <button
            key={card.figure}
            type="button"
            class={`card ${card.figure}`}
            aria-pressed={series === chosen}
            onClick={() => go({ series }, "replace")}
          >
            {body}
          </button>
        ) : (
          <div key={card.figure} class={`card ${card.figure}`}>
            {body}
          </div>
        );
      })}
    </div>
  );
}

function CardBody({
  card: { figure, title, missing, Note },
  data,
  scope,
}: {
  card: Card;
  data: Campaigns;
  scope: Scope;
}) {
  const { total } = data;
  const comparison = comparisonOf(data, scope);
  const held = comparison?.of(total);
  const isKnown = [held?.current, held?.earlier].every(
    (figures) => !figures || !missing || Object.keys(missing(figures)).length === 0,
  );
  const inWords = (figures: CampaignFigures) =>
    missing ? exactMoney(String(figures[figure]), data.currency) : exact(Number(figures[figure]));
  // Whether a figure is small: an amount by its number of deposits.
  const isFew = (figures: CampaignFigures) => Number(figures[missing ? "deposits" : figure]) < FEW;
  return (
    <>
      <span class="card-title">{title}</span>
      <span class="card-figure" data-figure={figure}>
        {missing ? (
          <Sum amount={String(total[figure])} currency={data.currency} missing={missing(total)} />
        ) : (
          <Count value={Number(total[figure])} />
        )}
        {comparison && held && isKnown && (
          <Delta
            change={changeOf(Number(held.current[figure]), Number(held.earlier[figure]))}
            compared={words.common.inPeriod(inWords(held.earlier), comparison.called)}
            small={isFew(held.current) && isFew(held.earlier)}
          />
        )}
      </span>
      <span class="card-note">
        <Note data={data} />
      </span>
    </>
  );
}

export const CardsSkeleton = () => {
  const cards = useCards();
  return (
    <div class={`cards of-${cards.length}`} aria-hidden="true">
      {cards.map(({ figure, title }) => (
        <div key={figure} class={`card ${figure}`}>
          <span class="card-title">{title}</span>
          <span class="card-figure">
            <span class="bone">0,000</span>
          </span>
          <span class="card-note">
            <span class="bone">00.0% of registrations</span>
          </span>
        </div>
      ))}
    </div>
  );
};
