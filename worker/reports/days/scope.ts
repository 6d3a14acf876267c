/** Whose rows of days an answer is made of. */
import type { DaysAsked } from "../../figures/day-texts.ts";
import type { Column } from "../../figures/parts.ts";
import { Problem } from "../../http/problem.ts";

export type DaysScope = {
  project_id: string;
  /** The number of a filter; null is none: what everybody did. */
  filter: number | null;
  /** One tag alone, or none that is left. Null is all that the filter lets through. */
  tags: readonly string[] | null;
  /** The first day of which they have all; null where they have all days that there ever were. */
  since: string | null;
};

/** Refuses days before the first that figures are kept of; `field` is the parameter that names them. */
export function refuseBefore({ since }: DaysScope, field: string, date: string): void {
  if (since !== null && date < since)
    throw Problem.of(field, `${field} must not lie before ${since}: figures for this filter begin on that day`);
}

type Of = DaysAsked<Column>["of"];
/** All together; a tag alone is all there is. */
export const together = ({ tags }: DaysScope): Of => tags ?? "everybody";
/** Each tag by itself. */
export const byTag = ({ tags }: DaysScope): Of => tags ?? "tags";
