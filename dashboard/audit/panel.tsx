/** The audit log: who made which administrative change, and to what. */
import { useMemo } from "preact/hooks";
import { useAnswer } from "../answers.ts";
import { client } from "../api.ts";
import { keys } from "../keys/query.ts";
import { useNavigation } from "../navigation.ts";
import { Choices, Panel } from "../panel.tsx";
import { query } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { words } from "../words.ts";
import { columnsOf } from "./columns.tsx";

const audit = (project_id: string | undefined) => (cursor: string | number | undefined) =>
  query(
    "audit",
    { project_id, limit: "50", cursor: cursor === undefined ? undefined : Number(cursor) },
    (asked, options) => client.audit.$get({ query: asked }, options),
  );

export function AuditPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { data } = useAnswer(keys());
  const columns = useMemo(() => columnsOf(new Map(data?.rows.map(({ id, name }) => [id, name]))), [data]);
  const everywhere = scope.principal.project_id === null && address.part !== "project";
  return (
    <Panel
      name="audit"
      title={words.common.auditLog}
      actions={
        scope.principal.project_id === null && (
          <Choices
            legend={words.audit.ofWhichProjects}
            options={{ all: words.audit.everything, project: words.audit.only(scope.project_id) }}
            chosen={everywhere ? "all" : "project"}
            choose={(part) => go({ part: part === "all" ? undefined : part }, "replace")}
          />
        )
      }
    >
      <p class="lead">{words.audit.administrativeActsThe(scope.timezone)}</p>
      <PagedList
        name={words.common.auditLog}
        columns={columns}
        query={audit(everywhere ? undefined : scope.project_id)}
        keyOf={({ id }) => String(id)}
        timezone={scope.timezone}
        none={<p>{words.audit.nothingWasDoneHereYet}</p>}
      />
    </Panel>
  );
}
