/** Which rows of days an answer is made from. */
import type { Divided } from "../../figures/cells.ts";
import type { DimensionName } from "../../figures/counters/dimensions.ts";
import type { DaysAsked } from "../../figures/day-texts.ts";
import type { Column } from "../../figures/parts.ts";
import { Problem } from "../../http/problem.ts";
import type { FieldFilter } from "../field-filter.ts";

export type DaysScope = {
  project_id: string;
  /** The number of a filter; null where there is none, so that all events count. */
  filter: number | null;
  /** One tag, several tags whose figures add up, or none where the filter leaves none. Null: all events that fit the filter. */
  tags: readonly string[] | null;
  /** The answer is limited to one value of a field that cells have; null where it is not. */
  field: FieldFilter | null;
  /** The first day from which on the rows are complete; null where they have all days of the project. */
  since: string | null;
};

/** Refuses a date before the first day with figures; `field` is the parameter that names the date. */
export function refuseBefore({ since }: DaysScope, field: string, date: string): void {
  if (since !== null && date < since)
    throw Problem.of(field, `${field} must not be before ${since}: these figures begin on that day`);
}

/** Whether figures by tag are read from the rows of each tag: where tags are given, or where a field needs the cells. */
export const readByTag = ({ tags, field }: DaysScope): boolean => tags !== null || field !== null;

/** What cells are divided by. An answer that is limited to a field can be divided only by that field, or by the tag. */
export const dimensionOf = (
  { field }: DaysScope,
  dimension: DimensionName | undefined,
): Pick<Divided, "dimension" | "value"> =>
  field === null ? { dimension: dimension ?? "none", value: null } : { dimension: field.field, value: field.value };

type Wanted = DaysAsked<Column>["wanted"];
/** The rows of all tags together; where tags are given, their rows. */
export const together = ({ tags }: DaysScope): Wanted => tags ?? "everybody";
/** The rows of each tag; where tags are given, their rows. */
export const byTag = ({ tags }: DaysScope): Wanted => tags ?? "tags";
