/** The state of the instance: dependencies, the progress of each projection, the archive, and retention. */
import { useState } from "preact/hooks";
import type { ProjectionView } from "../../worker/admin/projections.ts";
import type { Health, ProjectionHealth } from "../../worker/reports/health.ts";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { type Answer, useAnswer, useRefreshing } from "../answers.ts";
import { client, read } from "../api.ts";
import { Count, Facts } from "../figure.tsx";
import { dateText, duration, exact, NOTHING, size, stateText, timeText, titled } from "../format.ts";
import { health } from "../health.ts";
import { Answered, Panel } from "../panel.tsx";
import { projects } from "../projects/query.ts";
import { RETAINED, RETENTION } from "../projects/settings.ts";
import { given } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { archive, projections } from "./query.ts";

const REFRESHED_MS = 10_000;
/** Original records, which cannot be rebuilt from other data. */
const NOT_REBUILT = ["archive", "postbacks"];

const BADGES: Record<string, string> = {
  ok: "good",
  off: "",
  stale: "warn",
  behind: "warn",
  counting: "",
  failing: "bad",
};
const Standing = ({ is }: { is: string }) => <span class={`badge ${BADGES[is]}`}>{stateText(is)}</span>;

export function SystemPanel({ scope }: { scope: Scope }) {
  useRefreshing(REFRESHED_MS);
  const known = useAnswer(health());
  const project = useAnswer(projects()).data?.rows.find(({ project_id }) => project_id === scope.project_id);
  const shard = project?.shard === "main" ? undefined : project?.shard;
  const { projections = {} } = (shard === undefined ? known.data : known.data?.shards?.[shard]) ?? {};
  return (
    <div class="panels">
      <HealthPanel answer={known} scope={scope} />
      <Projections health={projections} shard={shard} scope={scope} />
      <div class="panels two">
        {scope.principal.project_id === null && known.data?.dependencies.archive !== "off" && (
          <Archive shard={shard} scope={scope} />
        )}
        <Retention scope={scope} />
      </div>
    </div>
  );
}

function HealthPanel({ answer, scope }: { answer: Answer<Health>; scope: Scope }) {
  const facts = ({ status, dependencies }: Pick<Health, "status" | "dependencies">) =>
    Object.entries({ all_together: status, ...dependencies }).map(([name, state]) => [
      titled(name),
      <Standing key={name} is={state} />,
    ]);
  const databases = ({ shards = {} }: Health) =>
    Object.fromEntries(
      Object.entries(shards).map(([name, { status }]) => [
        words.system.database(name),
        <Standing key={name} is={status} />,
      ]),
    );
  const nothing = {
    database: "ok",
    live: "ok",
    archive: "ok",
    runner: "ok",
    intake: "ok",
    exchange_rates: "ok",
  } as const;
  return (
    <Panel name="health" title={words.system.health}>
      <Answered
        answer={answer}
        what={words.system.healthInMessage}
        skeleton={<Facts of={Object.fromEntries(facts({ status: "ok", dependencies: nothing }))} />}
      >
        {(data) => (
          <>
            <Facts of={{ ...Object.fromEntries(facts(data)), ...databases(data) }} />
            {data.failing_duties.map(({ name, since }) => (
              <p key={name}>
                {words.system.hasBeenSinceItIsTriedAgain(
                  titled(name),
                  <Standing is="failing" />,
                  timeText(since, scope.timezone),
                )}
              </p>
            ))}
          </>
        )}
      </Answered>
    </Panel>
  );
}

type Row = ProjectionView & Partial<ProjectionHealth>;

const COLUMNS: readonly Column<Row>[] = [
  { name: "name", title: words.system.projection, kind: "text", value: ({ name }) => titled(name) },
  {
    name: "status",
    title: words.common.status,
    kind: "text",
    value: ({ status }) => status ?? null,
    show: ({ status, error }) => <Standing is={error === null ? (status ?? "ok") : "failing"} />,
  },
  {
    name: "cursor",
    title: words.system.cursor,
    kind: "count",
    hint: words.system.theLastEventOfTheLogThatIt,
  },
  {
    name: "lag_events",
    title: words.system.behind,
    kind: "count",
    hint: words.system.eventsThatItHasNotTakenYet,
  },
  {
    name: "lag_seconds",
    title: words.system.forWord,
    kind: "duration",
    hint: words.system.sinceTheOldestOfTheseCame,
    value: ({ lag_seconds }) => lag_seconds ?? null,
  },
  { name: "updated_at", title: words.system.moved, kind: "time" },
  { name: "error", title: words.system.lastError, kind: "text" },
];

type OfDatabase = { shard: string | undefined; scope: Scope };

function Projections({ health, shard, scope }: OfDatabase & { health: Health["projections"] }) {
  const answer = useAnswer(projections(shard));
  const [asked, ask] = useState<string | null>(null);
  const everywhere = scope.principal.project_id === null;
  return (
    <Panel
      name="projections"
      title={shard ? `${words.system.projections}: ${words.system.database(shard)}` : words.system.projections}
    >
      <p class="lead">
        {words.system.everyFigureIsDerivedFrom}
        {words.system.times(
          everywhere ? words.system.pressAProjectionToHaveIt : words.system.aRebuildNeedsAKeyForAll,
          scope.timezone,
        )}
      </p>
      <Answered
        answer={answer}
        what={words.system.projectionsInMessage}
        skeleton={<TableSkeleton columns={COLUMNS} rows={12} />}
      >
        {({ rows }) => (
          <DataTable
            name={words.system.projections}
            columns={COLUMNS}
            rows={rows.map((row): Row => ({ ...row, ...health[row.name] }))}
            keyOf={({ name }) => name}
            timezone={scope.timezone}
            sort="-lag_events"
            press={({ name }) =>
              everywhere && !NOT_REBUILT.includes(name)
                ? { title: words.system.rebuild(name), go: () => ask(name) }
                : undefined
            }
            none={<p>{words.system.thereIsNoProjection}</p>}
          />
        )}
      </Answered>
      {asked && <Rebuild name={asked} shard={shard} close={() => ask(null)} />}
    </Panel>
  );
}

function Rebuild({ name, shard, close }: { name: string; shard: string | undefined; close: () => void }) {
  const action = useAction(
    () => read(client.projections[":name"].rebuild.$post({ param: { name }, query: given({ shard }) })),
    words.system.theRebuildHasBegun,
  );
  return (
    <Confirm
      title={words.system.rebuildTitle(titled(name))}
      label={words.system.rebuildButton}
      action={action}
      close={close}
    >
      <p>{words.system.itIsEmptiedWithAllThat}</p>
    </Confirm>
  );
}

function Archive({ shard, scope: { timezone } }: OfDatabase) {
  const answer = useAnswer(archive(shard));
  return (
    <Panel name="archive" title={words.common.archive}>
      <p class="lead">{words.system.everyEventAsParquetFilesBy}</p>
      <Answered
        answer={answer}
        what={words.system.archive}
        skeleton={<Facts of={{ [words.system.files]: <span class="bone">000</span> }} />}
      >
        {({ cursor, lag_events, lag_seconds, files, rows, bytes, last_run, last_compaction }) => (
          <Facts
            of={{
              [words.system.files]: <Count value={files} />,
              [words.system.size]: (
                <data value={bytes} title={words.system.bytes(exact(bytes))}>
                  {size(bytes)}
                </data>
              ),
              [words.common.events]: <Count value={rows} />,
              [words.system.cursor]: <Count value={cursor} />,
              [words.system.behind]: (
                <>
                  <Count value={lag_events} /> {lag_events > 0 && words.system.forTime(duration(lag_seconds))}
                </>
              ),
              [words.system.lastRun]: last_run?.finished_at
                ? timeText(last_run.finished_at, timezone)
                : last_run
                  ? words.system.underWayTry(last_run.attempts)
                  : NOTHING,
              [words.system.lastMerge]: last_compaction
                ? words.system.merged(
                    dateText(last_compaction.day),
                    exact(last_compaction.merged_files),
                    exact(last_compaction.made_files),
                  )
                : NOTHING,
            }}
          />
        )}
      </Answered>
    </Panel>
  );
}

function Retention({ scope: { project_id } }: { scope: Scope }) {
  const answer = useAnswer(projects());
  return (
    <Panel name="retention" title={words.system.retentionOf(project_id)}>
      <p class="lead">{words.system.forHowLongWhatIsKeptThe}</p>
      <Answered
        answer={answer}
        what={words.system.retention}
        skeleton={<Facts of={{ [words.common.events]: <span class="bone">000</span> }} />}
      >
        {({ rows }) => {
          const { retention = {}, settled_before = "" } = rows.find((row) => row.project_id === project_id) ?? {};
          return (
            <Facts
              of={{
                ...Object.fromEntries(
                  RETAINED.map((name) => {
                    const days = (retention as Partial<Record<string, number>>)[name];
                    return [
                      RETENTION[name],
                      days === undefined ? words.common.forEver : words.system.days(exact(days)),
                    ];
                  }),
                ),
                [words.system.settledBefore]: settled_before ? dateText(settled_before) : NOTHING,
              }}
            />
          );
        }}
      </Answered>
    </Panel>
  );
}
