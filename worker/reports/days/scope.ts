/** Whose rows of days an answer is made of. */
import type { Divided } from "../../figures/cells.ts";
import type { DimensionName } from "../../figures/counters/dimensions.ts";
import type { DaysAsked } from "../../figures/day-texts.ts";
import type { Column } from "../../figures/parts.ts";
import { Problem } from "../../http/problem.ts";
import type { FieldFilter } from "../field-filter.ts";

export type DaysScope = {
  project_id: string;
  /** The number of a filter; null is none: what everybody did. */
  filter: number | null;
  /** One tag alone, none that is left, or several whose figures add up. Null is all that the filter lets through. */
  tags: readonly string[] | null;
  /** One value of one field that cells have, which alone the answer is about; null is any. */
  field: FieldFilter | null;
  /** The first day of which they have all; null where they have all days that there ever were. */
  since: string | null;
};

/** Refuses days before the first that figures are kept of; `field` is the parameter that names them. */
export function refuseBefore({ since }: DaysScope, field: string, date: string): void {
  if (since !== null && date < since)
    throw Problem.of(field, `${field} must not be before ${since}: these figures begin on that day`);
}

/** Whether rows by tag are those of each tag: where they are of a tag alone, or cells are needed for a field. */
export const readByTag = ({ tags, field }: DaysScope): boolean => tags !== null || field !== null;

/** By what cells are divided: by the field that the answer is about, which is also what it may be divided by beside the tag. */
export const dimensionOf = (
  { field }: DaysScope,
  dimension: DimensionName | undefined,
): Pick<Divided, "dimension" | "value"> =>
  field === null ? { dimension: dimension ?? "none", value: null } : { dimension: field.field, value: field.value };

type Wanted = DaysAsked<Column>["wanted"];
/** All together; a tag alone is all there is. */
export const together = ({ tags }: DaysScope): Wanted => tags ?? "everybody";
/** Each tag by itself. */
export const byTag = ({ tags }: DaysScope): Wanted => tags ?? "tags";
