/** One of the facts at the head of a panel: its name and its value. */
import type { ComponentChildren } from "preact";

type Stated = {
  name: string;
  hint?: string | undefined /** As tests and styles know it. */;
  of?: string;
  children: ComponentChildren;
};

export const Fact = ({ name, hint, of: factName, children }: Stated) => (
  <div data-fact={factName}>
    <dt title={hint}>{name}</dt>
    <dd>{children}</dd>
  </div>
);
