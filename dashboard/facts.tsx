/** A few figures with their names. An absent figure is left out where its absence says nothing. */
import type { ComponentChildren } from "preact";
import { Fact as Named } from "./fact.tsx";
import { Price } from "./figure.tsx";
import { NOTHING } from "./format.ts";
import type { Value as Given, Kind } from "./table/columns.ts";
import { Value } from "./table/value.tsx";

export type Fact = { name: string; title: string; hint?: string; shown: ComponentChildren };

export const Facts = ({ facts }: { facts: readonly Fact[] }) => (
  <dl class="facts">
    {facts.map(({ name, title, hint, shown }) => (
      <Named key={name} of={name} name={title} hint={hint}>
        {shown}
      </Named>
    ))}
  </dl>
);

type Valued = { name: string; title: string; kind: Kind; value: Given; hint?: string };

/** Facts of plain values, with times in a time zone. */
export const factsOf = (values: readonly Valued[], timezone: string): Fact[] =>
  values.map(({ kind, value, ...fact }) => ({
    ...fact,
    shown: <Value kind={kind} value={value} timezone={timezone} />,
  }));

export const FactsSkeleton = ({ facts }: { facts: number }) => (
  <div class="facts" aria-hidden="true">
    {Array.from({ length: facts }, (_, index) => (
      <div key={index}>
        <p class="lead">
          <span class="bone">Some name</span>
        </p>
        <p>
          <span class="bone">00 Mon 0000</span>
        </p>
      </div>
    ))}
  </div>
);

/** Amounts in several currencies. */
export function Amounts({ of: byCurrency }: { of: Readonly<Record<string, string>> }) {
  const amounts = Object.entries(byCurrency);
  if (amounts.length === 0) return <span class="muted">{NOTHING}</span>;
  return (
    <span class="amounts">
      {amounts.map(([currency, amount]) => (
        <Price key={currency} amount={amount} currency={currency} />
      ))}
    </span>
  );
}
