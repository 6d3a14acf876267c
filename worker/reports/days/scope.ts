/** Whose rows of days an answer is made of. */
import type { DaysAsked } from "../../figures/day-texts.ts";
import type { Column } from "../../figures/parts.ts";

export type DaysScope = {
  project_id: string;
  /** The number of a filter; null is none: what everybody did. */
  filter: number | null;
  /** One tag alone, or none that is left. Null is all that the filter lets through. */
  tags: readonly string[] | null;
};

type Of = DaysAsked<Column>["of"];
/** All together; a tag alone is all there is. */
export const together = ({ tags }: DaysScope): Of => tags ?? "everybody";
/** Each tag by itself. */
export const byTag = ({ tags }: DaysScope): Of => tags ?? "tags";
