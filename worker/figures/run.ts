/**
 * Brings the figures forward: reads the events that were appended since the last run, counts what they add to each person
 * and what they change in the past, and writes everything in one batch that also moves the cursor. So redelivery, crashes and
 * concurrent runs change no figure.
 */
import { SIZES, type Sizes } from "./chunks.ts";
import type { ProjectLog } from "./counted-event.ts";
import { dayChanges } from "./day-rows.ts";
import { LEAST_ADDED, readDays } from "./days-reader.ts";
import { dateNumber } from "./edits.ts";
import { readLog } from "./log-reader.ts";
import { type Asked, peopleRead, readChunks, readHistories } from "./people-reader.ts";
import { addPeople, noRows } from "./people-rows.ts";
import { type PersonWrite, ProjectRun } from "./project-run.ts";
import { EVERYTHING, NO_FILTERS, scopeOf } from "./scopes.ts";
import { rowsOf } from "./statements.ts";
import { PAGE_SIZES, type PageSizes } from "./visitor-pages.ts";
import { Words } from "./words.ts";
import { moveCursor, writes } from "./writes.ts";

/** About how many events a run takes: enough to group well, few enough for the memory of an invocation and for D1's 30 s a batch. */
const MOST_EVENTS = 5_000;

/** The most calls and statements of such a run. */
export const RUN_CALLS = 40;

export type Layout = { chunks: Sizes; pages: PageSizes; leastAdded: number };
export const LAYOUT: Layout = { chunks: SIZES, pages: PAGE_SIZES, leastAdded: LEAST_ADDED };

/** The run took the events with `after < seq <= cursor`; `behind` is how many are left. */
type Ran = { after: number; cursor: number; behind: number };

/**
 * One step of at least `events` of the log in segments, five to seven calls. @throws where another run takes the same events:
 * see `lostCursor`.
 */
export async function runFigures(db: D1Database, events = MOST_EVENTS, layout = LAYOUT): Promise<Ran> {
  const { after, upTo, behind, projects } = await readLog(db, events);
  if (upTo === after) return { after, cursor: after, behind };
  await db.batch([moveCursor(db, after, upTo), ...(await countLog(db, projects, { after, upTo }, layout))]);
  return { after, cursor: upTo, behind };
}

/** The changes by the events with `after < seq <= upTo`, as statements for one transaction that also moves the cursor. */
export const countLog = (
  db: D1Database,
  projects: readonly ProjectLog[],
  { after, upTo }: { after: number; upTo: number },
  layout: Layout,
): Promise<D1PreparedStatement[]> =>
  countRuns(
    db,
    projects.map((project) => new ProjectRun(project, after)),
    upTo,
    layout,
  );

/**
 * Counts people again whose project has another attribution window now: the changes are statements for one transaction,
 * which fails where the figures have moved beyond `cursor` meanwhile. People who were counted with this window do not change.
 */
export const recount = (
  db: D1Database,
  project_id: string,
  people: readonly string[],
  cursor: number,
  layout: Layout,
): Promise<D1PreparedStatement[]> =>
  countRuns(db, [new ProjectRun({ project_id, events: [], superseded: [] }, cursor, people)], cursor, layout);

/**
 * Removes the events of settled days from people's rows, as statements; no figure changes. `names` has the players and
 * visitors (as `visitorOf` names them) of each project. Four calls. The statements overwrite what was written since these
 * calls, so they belong into a transaction that fails where the figures have moved.
 */
export async function forget(
  db: D1Database,
  names: ReadonlyMap<string, readonly string[]>,
  layout: Layout = LAYOUT,
): Promise<D1PreparedStatement[]> {
  const runs = [...names].map(
    ([project_id, people]) => new ProjectRun({ project_id, events: [], superseded: [] }, 0, people),
  );
  await readPeople(db, runs);
  const all = runs.flatMap((run) => asked(run, run.everybody()).map((one) => ({ ...one, run, before: run.settled })));
  const chunks = await readChunks(db, all);
  const people = noRows();
  const opened = new Map(runs.map((run): [ProjectRun, PersonWrite[]] => [run, []]));
  for (const [{ run, project_id, person }, lying] of chunks) {
    const forgotten = run.forget(person, lying);
    if (forgotten === null) continue;
    const { gone, closed, open } = forgotten;
    people.reopened.push(...gone.map((until): [string, string, number] => [project_id, person, until]));
    if (closed) people.closed.push([project_id, person, closed.until, closed.head, closed.events]);
    if (open) opened.get(run)?.push({ person, written: { ...open, closes: null, closed: [] }, reopened: [] });
  }
  for (const [run, read] of opened) addPeople(people, run, read, layout.pages);
  return writes(db, { runs: [], people, days: [], seq: 0 });
}

async function countRuns(
  db: D1Database,
  runs: readonly ProjectRun[],
  seq: number,
  layout: Layout,
): Promise<D1PreparedStatement[]> {
  await readPeople(db, runs);
  const sources = await readHistories(
    db,
    runs.flatMap((run) => run.link()),
  );
  const late = await readHistories(
    db,
    runs.flatMap((run) => run.edit(sources)),
  );
  const people = noRows();
  for (const run of runs) addPeople(people, run, run.count(late, layout.chunks), layout.pages);
  const days = await readDays(
    db,
    runs.flatMap((run) => dayChanges(run.changes, run.rules.words).map((change) => ({ run, change }))),
    layout.leastAdded,
  );
  return writes(db, { runs, people, days, seq });
}

type WordsRow = { project_id: string; names: string };
type ScopeRow = { project_id: string; number: number; filter: string; place: string | null };
type SettingsRow = { project_id: string; attribution_days: number; settled_before: string };

/** Reads the words and settings of the projects and all people whom the events name; then the players whom visitors belong to. */
async function readPeople(db: D1Database, runs: readonly ProjectRun[]): Promise<void> {
  const ids = JSON.stringify(runs.map(({ project_id }) => project_id));
  const { statement, take } = peopleRead(
    db,
    runs.flatMap((run) => asked(run, run.names())),
  );
  const [words, settings, filters, people] = await db.batch([
    db
      .prepare(
        "SELECT w.project_id, w.names FROM json_each(?1) j CROSS JOIN words w ON w.project_id = j.value ORDER BY w.project_id, w.first",
      )
      .bind(ids),
    db
      .prepare(
        "SELECT project_id, attribution_days, settled_before FROM projects WHERE project_id IN (SELECT value FROM json_each(?1))",
      )
      .bind(ids),
    db
      .prepare(
        `SELECT s.project_id, s.number, s.filter, s.place FROM json_each(?1) j
         CROSS JOIN scopes s ON s.project_id = j.value AND s.filter IS NOT NULL ORDER BY s.number`,
      )
      .bind(ids),
    statement,
  ]);
  take(people);
  const names = Map.groupBy(rowsOf<WordsRow>(words), ({ project_id }) => project_id);
  const settingsOf = new Map(rowsOf<SettingsRow>(settings).map((row) => [row.project_id, row]));
  const scopes = Map.groupBy(rowsOf<ScopeRow>(filters), ({ project_id }) => project_id);
  for (const run of runs) {
    const known = names.get(run.project_id) ?? [];
    const words = new Words(known.flatMap((row) => JSON.parse(row.names) as string[]));
    const all = (scopes.get(run.project_id) ?? []).map(({ number, filter, place }) => ({
      scope: scopeOf(number, JSON.parse(filter), words),
      place,
    }));
    const whole = all.flatMap(({ scope, place }) => (place === null ? [scope] : []));
    run.unfilled = all.flatMap(({ scope, place }) => (place === null ? [] : [{ scope, place }]));
    const { attribution_days = 0, settled_before = "" } = settingsOf.get(run.project_id) ?? {};
    run.rules = {
      words,
      attribution_days,
      scopes: all.length === 0 ? NO_FILTERS : [EVERYTHING, ...whole],
    };
    run.settled = settled_before === "" ? 0 : dateNumber(settled_before);
  }
  const players = runs.flatMap((run) => asked(run, run.linkedPlayers()));
  if (players.length === 0) return;
  const further = peopleRead(db, players);
  further.take(await further.statement.all());
}

const asked = ({ project_id, people }: ProjectRun, persons: readonly string[]): Asked[] =>
  persons.map((person) => ({ project_id, people, person }));
