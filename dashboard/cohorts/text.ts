import { dateText } from "../format.ts";
import { words } from "../words.ts";
import type { Cohort } from "./query.ts";

/** The name of a cohort from its first day, as short as possible without being ambiguous. */
export const cohortText = (cohort: string, interval: Cohort): string =>
  interval === "day"
    ? dateText(cohort)
    : interval === "week"
      ? words.cohorts.weekOf(dateText(cohort))
      : cohort.slice(0, 7);
