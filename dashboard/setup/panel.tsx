/** Everything needed to send events to this project, and whether they arrive. */
import type { ProjectView } from "../../worker/admin/projects.ts";
import { useAnswer } from "../answers.ts";
import { Fact } from "../fact.tsx";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
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
        <Panel name="paste" title={words.setup.installCode}>
          <Answered<unknown>
            answer={answer.data ? code : answer}
            what={answer.data ? words.setup.code : words.setup.projectSettings}
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
    <Panel name="values" title={words.setup.thisProject}>
      <dl class="facts">
        <Fact name={words.setup.address}>{location.origin}</Fact>
        <Fact name="project_id">{project_id}</Fact>
        <Fact name={words.common.timeZone}>{timezone}</Fact>
        <Fact name={words.setup.amountsAndTransactionsOf}>
          {require_signature ? words.setup.mustBeSigned : words.setup.needNoSignature}
        </Fact>
        <Fact name={words.setup.takesPixelsFrom}>{allowed_origins.join(", ") || words.setup.anySite}</Fact>
        <Fact name={words.setup.browsersThatAskForPrivacy}>
          {respect_privacy_signals ? words.setup.areLeftOut : words.setup.count}
        </Fact>
      </dl>
    </Panel>
  );
}
