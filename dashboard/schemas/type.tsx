/** The schema of one event type: its mode, how events drift from it, and its versions. */
import { useState } from "preact/hooks";
import type { SchemaVersionView, SchemaView } from "../../worker/admin/schemas.ts";
import { may } from "../../worker/http/principal.ts";
import type { Drift } from "../../worker/registry/drift.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { ActionError, Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { Fact } from "../fact.tsx";
import { exact, timeText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { COLUMNS, Mode, UNNAMED, VIOLATIONS } from "./columns.tsx";
import { RegisterSchema } from "./form.tsx";
import { MODE_HINTS, MODES, schemaOf } from "./query.ts";

type Detail = SchemaView & { versions: SchemaVersionView[]; drift: Drift };
type Typed = { scope: Scope; event_type: string };

export function SchemaOfType({ scope, event_type }: Typed) {
  const { go } = useNavigation();
  const answer = useAnswer(schemaOf(scope, event_type));
  const [opened, open] = useState<"new" | "retire" | null>(null);
  const close = () => open(null);
  const { data } = answer;
  const administers = may(scope.principal, "admin") && data !== undefined;
  const live = data?.retired_at === null;
  return (
    <div class="panels">
      <Panel
        name="schema"
        title={`Schema of ${event_type}`}
        actions={
          <>
            <button type="button" class="button" onClick={() => go({ event_type: undefined })}>
              All schemas
            </button>
            {administers && live && (
              <button type="button" class="button" onClick={() => open("retire")}>
                Retire…
              </button>
            )}
            {administers && (
              <button type="button" class="button primary" onClick={() => open("new")}>
                {live ? "New version" : "Register again"}
              </button>
            )}
          </>
        }
      >
        <Answered answer={answer} what="schema" skeleton={<TableSkeleton columns={COLUMNS} rows={4} />}>
          {(schema) => <InForce schema={schema} scope={scope} />}
        </Answered>
      </Panel>
      {data && (
        <>
          <Drifted drift={data.drift} live={live} timezone={scope.timezone} />
          <Versions versions={data.versions} timezone={scope.timezone} />
        </>
      )}
      {opened === "new" && data && (
        <RegisterSchema scope={scope} event_type={event_type} schema={data.versions[0]?.schema ?? {}} close={close} />
      )}
      {opened === "retire" && <Retire scope={scope} event_type={event_type} close={close} />}
    </div>
  );
}

function InForce({ schema, scope }: { schema: Detail; scope: Scope }) {
  const { event_type, mode, version, retired_at } = schema;
  const change = useAction(
    (mode: SchemaView["mode"]) =>
      read(
        client.schemas[":event_type"].$patch({
          param: { event_type },
          query: { project_id: scope.project_id },
          json: { mode },
        }),
      ),
    "The mode is changed; it holds everywhere within 30 seconds.",
  );
  return (
    <>
      <dl class="facts">
        <Fact name="Version in force">{retired_at === null ? version : "none: retired"}</Fact>
        {retired_at && <Fact name={`Retired (${scope.timezone})`}>{timeText(retired_at, scope.timezone)}</Fact>}
        {retired_at === null && (
          <Fact name="Mode">
            {may(scope.principal, "admin") ? (
              <Choices legend="Mode" options={MODES} chosen={mode} choose={(mode) => void change.run(mode)} />
            ) : (
              MODES[mode]
            )}
          </Fact>
        )}
      </dl>
      <p class="lead">{retired_at === null ? MODE_HINTS[mode] : "Its versions are kept; events are not checked."}</p>
      <ActionError action={change} />
    </>
  );
}

type Drifting = { drift: Drift; live: boolean; timezone: string };

function Drifted({ drift: { sample, violations, unnamed, never_seen }, live, timezone }: Drifting) {
  return (
    <Panel name="drift" title="How events drift from it">
      <p class="lead">
        {sample.events === 0
          ? "No event of this type is among the last in the log."
          : `Of the last ${exact(sample.events)} events of this type${
              sample.since ? `, since ${timeText(sample.since, timezone)}, ${timezone}` : ""
            }.`}
      </p>
      {live && (
        <>
          <h3 class="part-title">Events that break it</h3>
          <DataTable
            aside
            name="Events that break it"
            columns={VIOLATIONS}
            rows={violations}
            keyOf={({ field, message }) => `${field} ${message}`}
            timezone={timezone}
            sort="-events"
            none={<p>None of them breaks it.</p>}
          />
        </>
      )}
      <h3 class="part-title">Keys that it does not name</h3>
      <DataTable
        aside
        name="Keys that it does not name"
        columns={UNNAMED}
        rows={unnamed}
        keyOf={({ field }) => field}
        timezone={timezone}
        sort="-events"
        none={<p>It names every key that came.</p>}
      />
      {never_seen.length > 0 && (
        <>
          <h3 class="part-title">Fields that it names and that never came</h3>
          <p>
            <code>{never_seen.join(", ")}</code>
          </p>
        </>
      )}
    </Panel>
  );
}

function Versions({ versions, timezone }: { versions: readonly SchemaVersionView[]; timezone: string }) {
  return (
    <Panel name="versions" title="Versions">
      {versions.map((row) => (
        <details key={row.version} class="version" open={row.current}>
          <summary>
            Version {row.version}, {timeText(row.created_at, timezone)} {row.current && <Mode {...row} />}
          </summary>
          <Copied text={JSON.stringify(row.schema, null, 2)} what={`version ${row.version}`} />
        </details>
      ))}
    </Panel>
  );
}

function Retire({ scope: { project_id }, event_type, close }: Typed & { close: () => void }) {
  const action = useAction(
    () => read(client.schemas[":event_type"].$delete({ param: { event_type }, query: { project_id } })),
    "The schema is retired.",
  );
  return (
    <Confirm title={`Retire the schema of ${event_type}?`} label="Retire the schema" action={action} close={close}>
      <p>Events of this type are not checked any more. The versions stay, and it can be registered again.</p>
    </Confirm>
  );
}
