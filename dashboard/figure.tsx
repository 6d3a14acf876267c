/** Figures on the page: short where they are long, exact on hover, with how they changed. */
import type { ComponentChildren } from "preact";
import { type Change, exact, exactMoney, short, shortMoney } from "./format.ts";

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

/** A price or a single payment, which no abbreviation suits. */
export const Price = ({ amount, currency }: { amount: string; currency: string }) => (
  <data value={amount}>{exactMoney(amount, currency)}</data>
);

const ARROWS = { up: "▲", down: "▼", same: "" } as const;
const SPOKEN = { up: "up", down: "down", same: "unchanged" } as const;

/** How far a figure is from what it is compared with, which is said in words on hover. */
export function Delta({ change, compared }: { change: Change | null; compared: string }) {
  if (!change) return null;
  return (
    <span class={`delta ${change.direction}`} title={compared}>
      <span aria-hidden="true">{ARROWS[change.direction]}</span>
      <span class="hidden">{SPOKEN[change.direction]} </span>
      {change.text}
    </span>
  );
}

/** A few values with their names, at the head of a panel. */
export const Facts = ({ of }: { of: Record<string, ComponentChildren> }) => (
  <dl class="facts">
    {Object.entries(of).map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);
