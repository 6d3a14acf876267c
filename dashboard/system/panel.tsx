/** How the instance is: what it needs, how far each projection is, the archive, and what has gone. */
import { useState } from "preact/hooks";
import type { ProjectionView } from "../../worker/admin/projections.ts";
import type { Health, ProjectionHealth } from "../../worker/reports/health.ts";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { type Answer, useAnswer, useRefreshing } from "../answers.ts";
import { client, read } from "../api.ts";
import { Count, Facts } from "../figure.tsx";
import { dateText, duration, exact, NOTHING, size, timeText, words } from "../format.ts";
import { health } from "../health.ts";
import { Answered, Panel } from "../panel.tsx";
import { projects } from "../projects/query.ts";
import { RETAINED, RETENTION } from "../projects/settings.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { archive, projections } from "./query.ts";

const REFRESHED_MS = 10_000;
/** Records of their own, and not made of anything. */
const NOT_REBUILT = ["archive", "postbacks"];

const BADGES: Record<string, string> = {
  ok: "good",
  off: "",
  stale: "warn",
  behind: "warn",
  counting: "",
  failing: "bad",
};
const Standing = ({ is }: { is: string }) => <span class={`badge ${BADGES[is]}`}>{is}</span>;

export function SystemPanel({ scope }: { scope: Scope }) {
  useRefreshing(REFRESHED_MS);
  const known = useAnswer(health());
  return (
    <div class="panels">
      <HealthPanel answer={known} scope={scope} />
      <Projections health={known.data?.projections ?? {}} scope={scope} />
      <div class="panels two">
        {scope.principal.project_id === null && known.data?.dependencies.archive !== "off" && <Archive scope={scope} />}
        <Retention scope={scope} />
      </div>
    </div>
  );
}

function HealthPanel({ answer, scope }: { answer: Answer<Health>; scope: Scope }) {
  const facts = ({ status, dependencies }: Pick<Health, "status" | "dependencies">) =>
    Object.entries({ all_together: status, ...dependencies }).map(([name, state]) => [
      words(name),
      <Standing key={name} is={state} />,
    ]);
  const nothing = {
    database: "ok",
    live: "ok",
    archive: "ok",
    runner: "ok",
    intake: "ok",
    exchange_rates: "ok",
  } as const;
  return (
    <Panel name="health" title="Health">
      <Answered
        answer={answer}
        what="health"
        skeleton={<Facts of={Object.fromEntries(facts({ status: "ok", dependencies: nothing }))} />}
      >
        {(data) => (
          <>
            <Facts of={Object.fromEntries(facts(data))} />
            {data.failing_duties.map(({ name, since }) => (
              <p key={name}>
                {words(name)} has been <Standing is="failing" /> since {timeText(since, scope.timezone)}. It is tried
                again by itself; the logs have the error.
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
  { name: "name", title: "Projection", kind: "text", value: ({ name }) => words(name) },
  {
    name: "status",
    title: "Status",
    kind: "text",
    value: ({ status }) => status ?? null,
    show: ({ status, error }) => <Standing is={error === null ? (status ?? "ok") : "failing"} />,
  },
  {
    name: "cursor",
    title: "Cursor",
    kind: "count",
    hint: "The last event of the log that it has taken",
  },
  {
    name: "lag_events",
    title: "Behind",
    kind: "count",
    hint: "Events that it has not taken yet",
  },
  {
    name: "lag_seconds",
    title: "For",
    kind: "duration",
    hint: "Since the oldest of these came in",
    value: ({ lag_seconds }) => lag_seconds ?? null,
  },
  { name: "updated_at", title: "Moved", kind: "time" },
  { name: "error", title: "Last error", kind: "text" },
];

function Projections({ health, scope }: { health: Health["projections"]; scope: Scope }) {
  const answer = useAnswer(projections());
  const [asked, ask] = useState<string | null>(null);
  const everywhere = scope.principal.project_id === null;
  return (
    <Panel name="projections" title="Projections">
      <p class="lead">
        Every figure is derived from the event log.
        {everywhere ? " Press a projection to have it made again." : " A rebuild needs a key for all projects."} Times:{" "}
        {scope.timezone}.
      </p>
      <Answered answer={answer} what="projections" skeleton={<TableSkeleton columns={COLUMNS} rows={12} />}>
        {({ rows }) => (
          <DataTable
            name="Projections"
            columns={COLUMNS}
            rows={rows.map((row): Row => ({ ...row, ...health[row.name] }))}
            keyOf={({ name }) => name}
            timezone={scope.timezone}
            sort="-lag_events"
            press={({ name }) =>
              everywhere && !NOT_REBUILT.includes(name) ? { title: `Rebuild ${name}…`, go: () => ask(name) } : undefined
            }
            none={<p>There is no projection.</p>}
          />
        )}
      </Answered>
      {asked && <Rebuild name={asked} close={() => ask(null)} />}
    </Panel>
  );
}

function Rebuild({ name, close }: { name: string; close: () => void }) {
  const action = useAction(
    () => read(client.projections[":name"].rebuild.$post({ param: { name } })),
    "The rebuild has begun.",
  );
  return (
    <Confirm title={`Rebuild ${words(name)}?`} label="Rebuild" action={action} close={close}>
      <p>
        It is emptied, with all that follow it, and derived again from the log. Until it has caught up, reports of every
        project are incomplete. No event is lost.
      </p>
    </Confirm>
  );
}

function Archive({ scope: { timezone } }: { scope: Scope }) {
  const answer = useAnswer(archive());
  return (
    <Panel name="archive" title="Archive">
      <p class="lead">Every event, as Parquet files by hour. It takes them by whole quarters of an hour.</p>
      <Answered answer={answer} what="archive" skeleton={<Facts of={{ Files: <span class="bone">000</span> }} />}>
        {({ cursor, lag_events, lag_seconds, files, rows, bytes, last_run, last_compaction }) => (
          <Facts
            of={{
              Files: <Count value={files} />,
              Size: (
                <data value={bytes} title={`${exact(bytes)} bytes`}>
                  {size(bytes)}
                </data>
              ),
              Events: <Count value={rows} />,
              Cursor: <Count value={cursor} />,
              Behind: (
                <>
                  <Count value={lag_events} /> {lag_events > 0 && `for ${duration(lag_seconds)}`}
                </>
              ),
              "Last run": last_run?.finished_at
                ? timeText(last_run.finished_at, timezone)
                : last_run
                  ? `under way, try ${last_run.attempts}`
                  : NOTHING,
              "Last merge": last_compaction
                ? `${dateText(last_compaction.day)}: ${exact(last_compaction.merged_files)} → ${exact(last_compaction.made_files)} files`
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
    <Panel name="retention" title={`Retention of ${project_id}`}>
      <p class="lead">For how long what is kept. The settings of the project change it.</p>
      <Answered answer={answer} what="retention" skeleton={<Facts of={{ Events: <span class="bone">000</span> }} />}>
        {({ rows }) => {
          const { retention = {}, settled_before = "" } = rows.find((row) => row.project_id === project_id) ?? {};
          return (
            <Facts
              of={{
                ...Object.fromEntries(
                  RETAINED.map((name) => {
                    const days = (retention as Partial<Record<string, number>>)[name];
                    return [RETENTION[name], days === undefined ? "for ever" : `${exact(days)} days`];
                  }),
                ),
                "Settled before": settled_before ? dateText(settled_before) : NOTHING,
              }}
            />
          );
        }}
      </Answered>
    </Panel>
  );
}
