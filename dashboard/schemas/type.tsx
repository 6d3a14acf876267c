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
import { words } from "../words.ts";
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
        title={words.schemas.schemaOf(event_type)}
        actions={
          <>
            <button type="button" class="button" onClick={() => go({ event_type: undefined })}>
              {words.schemas.allSchemas}
            </button>
            {administers && live && (
              <button type="button" class="button" onClick={() => open("retire")}>
                {words.schemas.retire}
              </button>
            )}
            {administers && (
              <button type="button" class="button primary" onClick={() => open("new")}>
                {live ? words.schemas.newVersion : words.schemas.registerAgain}
              </button>
            )}
          </>
        }
      >
        <Answered answer={answer} what={words.schemas.schema} skeleton={<TableSkeleton columns={COLUMNS} rows={4} />}>
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
    words.schemas.theModeIsChangedItHolds,
  );
  return (
    <>
      <dl class="facts">
        <Fact name={words.schemas.versionInForce}>{retired_at === null ? version : words.schemas.noneRetired}</Fact>
        {retired_at && <Fact name={words.schemas.retired(scope.timezone)}>{timeText(retired_at, scope.timezone)}</Fact>}
        {retired_at === null && (
          <Fact name={words.schemas.mode}>
            {may(scope.principal, "admin") ? (
              <Choices
                legend={words.schemas.mode}
                options={MODES}
                chosen={mode}
                choose={(mode) => void change.run(mode)}
              />
            ) : (
              MODES[mode]
            )}
          </Fact>
        )}
      </dl>
      <p class="lead">{retired_at === null ? MODE_HINTS[mode] : words.schemas.itsVersionsAreKeptEvents}</p>
      <ActionError action={change} />
    </>
  );
}

type Drifting = { drift: Drift; live: boolean; timezone: string };

function Drifted({ drift: { sample, violations, unnamed, never_seen }, live, timezone }: Drifting) {
  return (
    <Panel name="drift" title={words.schemas.howEventsDriftFromIt}>
      <p class="lead">
        {sample.events === 0
          ? words.schemas.noEventOfThisTypeIsAmong
          : words.schemas.ofTheLastEventsOfThisType(
              exact(sample.events),
              sample.since ? words.schemas.since(timeText(sample.since, timezone), timezone) : "",
            )}
      </p>
      {live && (
        <>
          <h3 class="part-title">{words.schemas.eventsThatBreakIt}</h3>
          <DataTable
            aside
            name={words.schemas.eventsThatBreakIt}
            columns={VIOLATIONS}
            rows={violations}
            keyOf={({ field, message }) => `${field} ${message}`}
            timezone={timezone}
            sort="-events"
            none={<p>{words.schemas.noneOfThemBreaksIt}</p>}
          />
        </>
      )}
      <h3 class="part-title">{words.schemas.keysThatItDoesNotName}</h3>
      <DataTable
        aside
        name={words.schemas.keysThatItDoesNotName}
        columns={UNNAMED}
        rows={unnamed}
        keyOf={({ field }) => field}
        timezone={timezone}
        sort="-events"
        none={<p>{words.schemas.itNamesEveryKeyThatCame}</p>}
      />
      {never_seen.length > 0 && (
        <>
          <h3 class="part-title">{words.schemas.fieldsThatItNamesAndThat}</h3>
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
    <Panel name="versions" title={words.schemas.versions}>
      {versions.map((row) => (
        <details key={row.version} class="version" open={row.current}>
          <summary>
            {words.schemas.version(row.version, timeText(row.created_at, timezone), row.current && <Mode {...row} />)}
          </summary>
          <Copied text={JSON.stringify(row.schema, null, 2)} what={words.schemas.versionOf(row.version)} />
        </details>
      ))}
    </Panel>
  );
}

function Retire({ scope: { project_id }, event_type, close }: Typed & { close: () => void }) {
  const action = useAction(
    () => read(client.schemas[":event_type"].$delete({ param: { event_type }, query: { project_id } })),
    words.schemas.theSchemaIsRetired,
  );
  return (
    <Confirm
      title={words.schemas.retireTheSchemaOf(event_type)}
      label={words.schemas.retireTheSchema}
      action={action}
      close={close}
    >
      <p>{words.schemas.retiredTypeIsNotChecked}</p>
    </Confirm>
  );
}
