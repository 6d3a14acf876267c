/** The scope of figures for a query: its filter, that of its saved segment, and that of the asker, combined. */
import { wake } from "../duties/duty.ts";
import { filterText, parted, type ScopeFilter } from "../figures/scope-filter.ts";
import { lostRace } from "../projections/runner.ts";
import { askScope, fillSome, MOST_OF_A_READER, MOST_SCOPES, type ScopeRow, scopesOf } from "../projections/scopes.ts";
import type { Database } from "../store/database.ts";
import type { Principal } from "./principal.ts";
import { Problem } from "./problem.ts";

/** How far the figures under a filter are counted: a share from 0 to 1 of the people that there are. */
export type Counted = { whole: boolean; counted: number };

/** Rows of days by `scopeName(scope, tag)`; `scope` is null where no filter is needed, and 0 where no event can fit. */
export type FigureScope = Counted & { scope: number | null; tag: string | null };

const WHOLE: Counted = { whole: true, counted: 1 };
const NOT_BEGUN: Counted = { whole: false, counted: 0 };
/** With at most this many rows of people, the query waits until all are counted. */
const FEW_PEOPLE = 2_000;
const RETRY_AFTER_SECONDS = 5;

function countedOf({ place, counted, people }: ScopeRow): Counted {
  if (place === null) return WHOLE;
  return { whole: false, counted: Math.min(0.99, counted / Math.max(1, people)) };
}

const fitsNothing = (filter: ScopeFilter): boolean =>
  Object.values(filter).some((values: string[] | string[][]) => values.length === 0);

/** The asker's key, if it can only read: such a key may have only a few filters. */
export const readerOf = ({ role, key_id }: Principal): string | null => (role === "admin" ? null : key_id);

/**
 * The scope of a filter. It is made if nobody has asked for it in the last month. Its past is counted within the request if
 * there are few people, else by the duty that counts figures. @throws where there are too many filters.
 */
export async function scopeFor(
  env: Env,
  db: Database,
  project_id: string,
  asked: ScopeFilter,
  now: number,
  reader: string | null,
): Promise<FigureScope> {
  const { filter, tag } = parted(asked);
  if (fitsNothing(filter)) return { scope: 0, tag, ...WHOLE };
  if (Object.keys(filter).length === 0) return { scope: null, tag, ...WHOLE };
  const text = filterText(filter);
  const ask = async (): Promise<ScopeRow> => {
    const row = await askScope(db, project_id, text, now, reader);
    if (row) return row;
    throw new Problem(
      409,
      `Figures are kept under ${MOST_SCOPES} filters of a project, ${MOST_OF_A_READER} of them made by one key that only reads; all of these are of saved segments, keys and share links: remove a segment first.`,
    );
  };
  let row = await ask();
  if (row.place !== null && row.people <= FEW_PEOPLE) {
    await fillNow(db, project_id);
    row = await ask();
  }
  if (row.place !== null) await wake(env, ["figures"]);
  return { scope: row.number, tag, ...countedOf(row) };
}

async function fillNow(db: Database, project_id: string): Promise<void> {
  try {
    await fillSome(db, project_id);
  } catch (error) {
    // Then the duty does it.
    if (!lostRace(error)) throw error;
  }
}

/** Refuses a query about figures that are not completely counted yet, with their progress. */
export function refuseUncounted({ whole, counted }: Counted): void {
  if (whole) return;
  throw new Problem(503, `The figures for this filter are being counted: ${Math.floor(counted * 100)} %.`, {
    headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
  });
}

/** How far the figures under filters are counted. It does not count as a use of them. */
export async function countedBy(db: Database, project_id: string): Promise<(filter: ScopeFilter) => Counted> {
  const rows = new Map((await scopesOf(db, project_id)).map((row) => [row.filter, row]));
  return (asked) => {
    const { filter } = parted(asked);
    if (fitsNothing(filter) || Object.keys(filter).length === 0) return WHOLE;
    const row = rows.get(filterText(filter));
    return row ? countedOf(row) : NOT_BEGUN;
  };
}
