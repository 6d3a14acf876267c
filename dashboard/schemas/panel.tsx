/** The event types that have a schema; or one of them, if the address names it. */
import { useState } from "preact/hooks";
import { may } from "../../worker/http/principal.ts";
import { useAnswer } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { COLUMNS } from "./columns.tsx";
import { RegisterSchema } from "./form.tsx";
import { schemas, typesOf } from "./query.ts";
import { SchemaOfType } from "./type.tsx";

export const SchemasPanel = ({ scope }: { scope: Scope }) =>
  scope.address.event_type ? (
    <SchemaOfType key={scope.address.event_type} scope={scope} event_type={scope.address.event_type} />
  ) : (
    <AllSchemas scope={scope} />
  );

function AllSchemas({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  const answer = useAnswer(schemas(scope));
  const [registering, register] = useState(false);
  const administers = may(scope.principal, "admin");
  return (
    <Panel
      name="schemas"
      title={words.common.eventRules}
      actions={
        <>
          <TableTools find={words.schemas.findAnEventType} />
          {administers && (
            <button type="button" class="button primary" onClick={() => register(true)}>
              {words.schemas.addASchema}
            </button>
          )}
        </>
      }
    >
      <Answered answer={answer} what={words.schemas.schemas} skeleton={<TableSkeleton columns={COLUMNS} rows={5} />}>
        {({ rows, next_cursor }) => (
          <>
            <DataTable
              name={words.common.eventRules}
              columns={COLUMNS}
              rows={typesOf(rows)}
              keyOf={({ event_type }) => event_type}
              timezone={scope.timezone}
              sort="event_type"
              press={({ event_type }) => ({
                title: words.schemas.showItsModeVersionsAnd,
                go: () => go({ event_type, search: undefined }),
              })}
              none={
                <p>
                  {words.schemas.noEventTypeHasASchemaSo}
                  {administers && words.schemas.addOneToSayWhatTheEventsOf}
                </p>
              }
            />
            {next_cursor && <p class="lead">{words.schemas.ofTheLast1000VersionsThere}</p>}
          </>
        )}
      </Answered>
      {registering && (
        <RegisterSchema
          scope={scope}
          close={(event_type) => {
            register(false);
            if (event_type) go({ event_type, search: undefined });
          }}
        />
      )}
    </Panel>
  );
}
