/** The projects that one may change, and the settings of one of them. */
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
        title="Projects"
        actions={
          scope.principal.project_id === null && (
            <button type="button" class="button primary" onClick={() => make(true)}>
              Make a project
            </button>
          )
        }
      >
        <p class="lead">Each has its own events, clock, currency and keys. Press one to see its settings.</p>
        <Answered answer={answer} what="projects" skeleton={<TableSkeleton columns={COLUMNS} rows={2} />}>
          {({ rows }) => (
            <DataTable
              name="Projects"
              columns={COLUMNS}
              rows={rows}
              keyOf={({ project_id }) => project_id}
              timezone={scope.timezone}
              sort="project_id"
              press={({ project_id }) => ({
                title: `Settings of ${project_id}`,
                go: () => go({ part: project_id === scope.project_id ? undefined : project_id }),
              })}
              none={<p>There is no project that this key may change.</p>}
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
  }, "The project is made.");
  return (
    <Dialog title="Make a project" close={close}>
      <Form action={action} label="Create the project" done={close} cancel={close}>
        <div class="fields">
          <Field
            name="project_id"
            label="Id"
            hint="As pixels and keys name it. It stays as it is."
            placeholder="brand"
            required
          />
          <Field name="name" label="Name" hint="The id, where empty." />
          <TimeZone value="UTC" />
          <Currency value="USD" />
        </div>
      </Form>
    </Dialog>
  );
}
