/** Everything that it takes to send events to this project, and whether they arrive. */
import type { ProjectView } from "../../worker/admin/projects.ts";
import { useAnswer } from "../answers.ts";
import { Fact } from "../fact.tsx";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { TableSkeleton } from "../table/table.tsx";
import { Check } from "./check.tsx";
import { samples } from "./code.ts";
import { Paste } from "./paste.tsx";
import { settings } from "./query.ts";
import { Rejected } from "./rejected.tsx";

export function SetupPanels({ scope }: { scope: Scope }) {
  const answer = useAnswer(settings(scope));
  const code = useAnswer(samples);
  return (
    <div class="panels">
      <div class="panels two">
        <Check scope={scope} />
        <Rejected scope={scope} />
      </div>
      {answer.data && code.data ? (
        <Paste project={answer.data} samples={code.data} />
      ) : (
        <Panel name="paste" title="Install code">
          <Answered<unknown>
            answer={answer.data ? code : answer}
            what={answer.data ? "code" : "project's settings"}
            skeleton={<TableSkeleton columns={[]} rows={10} />}
          >
            {() => null}
          </Answered>
        </Panel>
      )}
      {answer.data && code.data && <Values project={answer.data} />}
    </div>
  );
}

function Values({ project }: { project: ProjectView }) {
  const { project_id, timezone, require_signature, allowed_origins, respect_privacy_signals } = project;
  return (
    <Panel name="values" title="This project">
      <dl class="facts">
        <Fact name="Address">{location.origin}</Fact>
        <Fact name="project_id">{project_id}</Fact>
        <Fact name="Time zone">{timezone}</Fact>
        <Fact name="Amounts and transactions of pixels">
          {require_signature ? "must be signed" : "need no signature"}
        </Fact>
        <Fact name="Takes pixels from">{allowed_origins.join(", ") || "any site"}</Fact>
        <Fact name="Browsers that ask for privacy">{respect_privacy_signals ? "are left out" : "count"}</Fact>
      </dl>
    </Panel>
  );
}
