/** The projects that the reader may change, and the settings of one of them. */
import { useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { NO_FILTERS } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { COLUMNS } from "./columns.tsx";
import { projects } from "./query.ts";
import { SettingsPanel } from "./settings-panel.tsx";
import { Currency, TimeZone } from "./zone.tsx";

export function ProjectsPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const [making, make] = useState(false);
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
              columns={COLUMNS}
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
      {making && <MakeProject done={(part) => go({ part })} close={() => make(false)} />}
    </div>
  );
}

function MakeProject({ done, close }: { done: (project_id: string) => void; close: () => void }) {
  const action = useAction(async ({ project_id = "", name, timezone, currency }: Filled) => {
    const body = { project_id, timezone, currency: currency?.toUpperCase(), ...(name && { name }) };
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
        </div>
      </Form>
    </Dialog>
  );
}
