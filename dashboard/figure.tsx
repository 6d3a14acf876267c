/** Figures on the page: abbreviated where they are long, exact on hover, with their change. */
import type { ComponentChildren } from "preact";
import { averageMoney, type Change, exact, exactMoney, short, shortMoney } from "./format.ts";
import { words } from "./words.ts";

export const Count = ({ value }: { value: number }) => (
  <data value={value} title={exact(value)}>
    {short(value)}
  </data>
);

export const Money = ({ amount, currency }: { amount: string; currency: string }) => (
  <data value={amount} title={exactMoney(amount, currency)}>
    {shortMoney(amount, currency)}
  </data>
);

/** An average amount: cents matter. */
export const Average = ({ amount, currency }: { amount: string; currency: string }) => (
  <data value={amount} title={exactMoney(amount, currency)}>
    {averageMoney(amount, currency)}
  </data>
);

type Summed = { amount: string; currency: string; missing: Readonly<Record<string, string>> };

/** A sum, followed by each amount that belongs to it and has no exchange rate; negative where it is subtracted. */
export function Sum({ amount, currency, missing }: Summed) {
  const others = Object.entries(missing);
  if (others.length === 0) return <Money amount={amount} currency={currency} />;
  const known = Number(amount) !== 0;
  return (
    <span class="sum" title={withoutRate(missing)}>
      {known ? <Money amount={amount} currency={currency} /> : <data value={amount}>{words.common.unknown}</data>}
      {others.map(([code, other]) => (
        <span key={code} class="unconverted">
          {known && !other.startsWith("-") && "+ "}
          {shortMoney(other, code)}
        </span>
      ))}
    </span>
  );
}

/** Why a figure is not known. */
export const withoutRate = (missing: Readonly<Record<string, string>>): string =>
  words.common.noExchangeRateFor(
    Object.entries(missing)
      .map(([code, amount]) => exactMoney(amount, code))
      .join(", "),
  );

/** A price or a single payment, which is never abbreviated. */
export const Price = ({ amount, currency }: { amount: string; currency: string }) => (
  <data value={amount}>{exactMoney(amount, currency)}</data>
);

const ARROWS = { up: "▲", down: "▼", same: "" } as const;
const SPOKEN = { up: words.panel.up, down: words.panel.down, same: words.panel.unchanged };

/** Smaller counts change by chance. */
export const FEW = 10;

type Moved = {
  change: Change | null;
  compared: string;
  /** More of it is worse. */
  bad?: boolean | undefined;
  /** Too few for a meaningful change. */
  small?: boolean;
};

/** The change of a figure against the period of comparison, with words on hover. */
export function Delta({ change, compared, bad = false, small = false }: Moved) {
  if (!change) return null;
  const { direction, text } = change;
  const tone = small || direction === "same" ? "" : (direction === "up") === bad ? " worse" : " better";
  return (
    <span class={`delta${tone}`} title={compared}>
      <span aria-hidden="true">{ARROWS[direction]}</span>
      <span class="hidden">{SPOKEN[direction]} </span>
      {/* The arrow is the sign. */}
      {text.replace(/^[+\-\u2212]/, "")}
    </span>
  );
}

/** A few values with their names, at the head of a panel. */
export const Facts = ({ of: facts }: { of: Record<string, ComponentChildren> }) => (
  <dl class="facts">
    {Object.entries(facts).map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);
