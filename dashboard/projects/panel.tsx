/** The projects that the reader may change, and the settings of one of them. */
import { useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { NO_FILTERS } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { health } from "../health.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { COLUMNS, DATABASE } from "./columns.tsx";
import { projects } from "./query.ts";
import { SettingsPanel } from "./settings-panel.tsx";
import { Currency, TimeZone } from "./zone.tsx";

export function ProjectsPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const [making, make] = useState(false);
  const databases = ["main", ...Object.keys(useAnswer(health()).data?.shards ?? {})];
  const answer = useAnswer(projects());
  const chosen = address.part ?? scope.project_id;
  const project = answer.data?.rows.find(({ project_id }) => project_id === chosen);
  return (
    <div class="panels">
      <Panel
        name="projects"
        title={words.common.projects}
        actions={
          scope.principal.project_id === null && (
            <button type="button" class="button primary" onClick={() => make(true)}>
              {words.projects.makeAProject}
            </button>
          )
        }
      >
        <p class="lead">{words.projects.eachHasItsOwnEventsClock}</p>
        <Answered
          answer={answer}
          what={words.projects.projects}
          skeleton={<TableSkeleton columns={COLUMNS} rows={2} />}
        >
          {({ rows }) => (
            <DataTable
              name={words.common.projects}
              columns={databases.length > 1 ? [...COLUMNS, DATABASE] : COLUMNS}
              rows={rows}
              keyOf={({ project_id }) => project_id}
              timezone={scope.timezone}
              sort="project_id"
              press={({ project_id }) => ({
                title: words.projects.settingsOf(project_id),
                go: () => go({ part: project_id === scope.project_id ? undefined : project_id }),
              })}
              none={<p>{words.projects.thereIsNoProjectThatThis}</p>}
            />
          )}
        </Answered>
      </Panel>
      {project && (
        <SettingsPanel
          key={chosen}
          project={project}
          scope={scope}
          open={() => go({ ...NO_FILTERS, view: "overview", project_id: chosen })}
        />
      )}
      {making && <MakeProject databases={databases} done={(part) => go({ part })} close={() => make(false)} />}
    </div>
  );
}

type Making = { databases: readonly string[]; done: (project_id: string) => void; close: () => void };

function MakeProject({ databases, done, close }: Making) {
  const action = useAction(async ({ project_id = "", name, timezone, currency, shard }: Filled) => {
    const more = { ...(name && { name }), ...(shard && { shard }) };
    const body = { project_id, timezone, currency: currency?.toUpperCase(), ...more };
    await read(client.projects.$post({ json: body }));
    done(project_id);
  }, words.projects.theProjectIsMade);
  return (
    <Dialog title={words.projects.makeAProject} close={close}>
      <Form action={action} label={words.projects.createTheProject} done={close} cancel={close}>
        <div class="fields">
          <Field
            name="project_id"
            label={words.common.id}
            hint={words.projects.asPixelsAndKeysNameItIt}
            placeholder="brand"
            required
          />
          <Field name="name" label={words.common.name} hint={words.projects.theIdWhereEmpty} />
          <TimeZone value="UTC" />
          <Currency value="USD" />
          {databases.length > 1 && (
            <Field
              name="shard"
              value="main"
              label={words.projects.database}
              hint={words.projects.whereItsEventsAreKept}
              options={Object.fromEntries(databases.map((name) => [name, name]))}
            />
          )}
        </div>
      </Form>
    </Dialog>
  );
}
