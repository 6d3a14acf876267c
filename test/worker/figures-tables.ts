/** The figures that both the new core and the tables of the other projections have. */
import { ANY_TAG } from "../../worker/figures/scopes.ts";
import { comparable, isKept, isUnderFilter, withoutNothing, withoutOthers } from "./figures-compare.ts";
import { peopleIn, sheetOf } from "./figures-oracle.ts";
import { readDays, readPeople, type Sheet } from "./figures-read.ts";
import { figuresIn, home } from "./log.ts";

/** The cells of days, and what people did and paid. */
export type Both = { cells: Sheet; people: Record<string, unknown> };

export async function byFigures(project_id: string): Promise<Both> {
  // A name for each cell of every filter would take longer than everything else.
  const days = await readDays(project_id, (scope) => !isUnderFilter(scope));
  const cells = Object.entries(comparable(days)).filter(([name]) => isKept(name));
  return { cells: Object.fromEntries(cells), people: withoutOthers(await readPeople(project_id)) };
}

export async function byTables(project_id: string): Promise<Both> {
  const { results } = await home.DB.prepare("SELECT * FROM event_outcomes WHERE project_id = ?")
    .bind(project_id)
    .all<{ event_date: string; outcome: string; reason: string; received_hour: number; total: number }>();
  const outcomes = results.map(({ event_date, outcome, reason, received_hour, total }) => [
    JSON.stringify(["outcomes", ANY_TAG, event_date, outcome, reason, received_hour]),
    [total],
  ]);
  const figures = await figuresIn(project_id);
  const cells = comparable(withoutNothing({ ...sheetOf(figures), ...Object.fromEntries(outcomes) }));
  return { cells, people: withoutOthers(peopleIn(figures)) };
}
