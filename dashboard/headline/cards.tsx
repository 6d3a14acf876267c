/** The four figures of the period. A card with a course over time chooses what the chart shows. */
import type { ComponentChildren } from "preact";
import type { CampaignFigures, Campaigns } from "../../worker/reports/campaigns.ts";
import { Count, Delta, Money } from "../figure.tsx";
import { changeOf, exact, exactMoney, periodText, rate } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import type { SeriesName } from "./series.ts";

type Figure = "visits" | "registrations" | "first_deposits" | "deposits";
type Card = {
  figure: Figure;
  title: string;
  series?: SeriesName;
  Note: (data: { data: Campaigns }) => ComponentChildren;
};

const CARDS: readonly Card[] = [
  {
    figure: "visits",
    title: "Visits",
    series: "visits",
    Note: ({ data: { total } }) => (
      <>
        <Count value={total.unique_players} /> unique players
      </>
    ),
  },
  {
    figure: "registrations",
    title: "Registrations",
    series: "registrations",
    Note: ({ data: { total } }) => <>{rate(total.visit_to_registration)} of visits</>,
  },
  {
    figure: "first_deposits",
    title: "First deposits",
    Note: ({ data: { total } }) => <>{rate(total.registration_to_first_deposit)} of registrations</>,
  },
  {
    figure: "deposits",
    title: "Deposits",
    series: "deposits",
    Note: ({ data: { total, currency } }) => <Deposited total={total} currency={currency} />,
  },
];

function Deposited({ total, currency }: { total: CampaignFigures; currency: string }) {
  const others = Object.entries(total.unconverted).map(([code, amount]) => exactMoney(amount, code));
  return (
    <>
      <Money amount={total.amount} currency={currency} />
      {others.length > 0 && <span title={`Without an exchange rate: ${others.join(", ")}`}> + {others[0]}</span>}
      {others.length > 1 && <> and {others.length - 1} more</>}
    </>
  );
}

export function Cards({ data }: { data: Campaigns }) {
  const { address, go } = useNavigation();
  return (
    <div class="cards">
      {CARDS.map((card) => {
        const { series } = card;
        const body = <CardBody card={card} data={data} />;
        return series ? (
          <button
            key={card.figure}
            type="button"
            class={`card ${card.figure}`}
            aria-pressed={series === address.series}
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

function CardBody({ card: { figure, title, Note }, data }: { card: Card; data: Campaigns }) {
  const { total, previous_period } = data;
  const before = total.previous?.[figure];
  return (
    <>
      <span class="card-title">{title}</span>
      <span class="card-figure" data-figure={figure}>
        <Count value={total[figure]} />
        {before !== undefined && previous_period && (
          <Delta
            change={changeOf(total[figure], before)}
            compared={`${exact(before)} in ${periodText(previous_period)}`}
          />
        )}
      </span>
      <span class="card-note">
        <Note data={data} />
      </span>
    </>
  );
}

export const CardsSkeleton = () => (
  <div class="cards" aria-hidden="true">
    {CARDS.map(({ figure, title }) => (
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
