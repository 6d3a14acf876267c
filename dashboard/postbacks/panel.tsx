/** The targets that get a project's events, and the sources that send conversions; or one of them, if the address names it. */
import { useState } from "preact/hooks";
import { useAnswer } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { COLUMNS } from "./columns.tsx";
import { type Made, ShownSecret, TargetForm } from "./dialogs.tsx";
import { sources, targets } from "./query.ts";
import { OneSource, Sources } from "./sources.tsx";
import { OneTarget } from "./target.tsx";

export function PostbacksPanel({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  const { project_id, timezone, address } = scope;
  const [making, make] = useState<Made | true | null>(null);
  const answer = useAnswer(targets(project_id));
  const close = () => make(null);
  const known = useAnswer(sources(project_id));
  const chosen = answer.data?.rows.find(({ id }) => id === address.part);
  const source = known.data?.rows.find(({ id }) => id === address.part);
  if (chosen)
    return <OneTarget key={chosen.id} target={chosen} presets={answer.data?.presets ?? []} timezone={timezone} />;
  if (source) return <OneSource key={source.id} source={source} timezone={timezone} />;
  return (
    <div class="panels">
      <Panel
        name="postbacks"
        title={words.common.postbacks}
        actions={
          <button type="button" class="button primary" onClick={() => make(true)}>
            {words.postbacks.makeATarget}
          </button>
        }
      >
        <p class="lead">{words.postbacks.sendsTheEventsOfToOther(project_id, timezone)}</p>
        <Answered
          answer={answer}
          what={words.postbacks.targets}
          skeleton={<TableSkeleton columns={COLUMNS} rows={4} />}
        >
          {({ rows }) => (
            <DataTable
              name={words.postbacks.targetsTable}
              columns={COLUMNS}
              rows={rows}
              keyOf={({ id }) => id}
              timezone={timezone}
              sort="-created_at"
              press={({ id, name }) => ({ title: words.postbacks.openTheTarget(name), go: () => go({ part: id }) })}
              none={<p>{words.postbacks.noTargetsYetMakeOneForAn}</p>}
            />
          )}
        </Answered>
        {making === true && (
          <TargetForm project_id={project_id} presets={answer.data?.presets ?? []} show={make} close={close} />
        )}
        {making !== null && making !== true && <ShownSecret made={making} close={close} />}
      </Panel>
      {/* Shown later: by then the panel above has its final height. */}
      {answer.data && <Sources scope={scope} answer={known} />}
    </div>
  );
}
