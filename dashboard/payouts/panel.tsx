/** What affiliates earn: the statement of a month, its conversions for analysts, the rules for administrators. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import { may } from "../../worker/http/principal.ts";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { CONVERSIONS, LINES, RULES, TOTALS } from "./columns.tsx";
import { EditRule, OneConversion } from "./dialogs.tsx";
import { conversions, rules, statement, statementCsv } from "./query.ts";

/** Each behind the answer of the one above it, so that none is moved by it. */
export const PayoutsPanel = ({ scope }: { scope: Scope }) => (
  <div class="panels">
    <StatementPanel scope={scope}>
      {may(scope.principal, "analyst") && (
        <ConversionsPanel scope={scope}>
          {may(scope.principal, "admin") && <RulesPanel scope={scope} />}
        </ConversionsPanel>
      )}
    </StatementPanel>
  </div>
);

type Above = { scope: Scope; children: ComponentChildren };

function StatementPanel({ scope, children }: Above) {
  const { timezone, to } = scope;
  const month = to.slice(0, 7);
  const answer = useAnswer(statement(scope));
  return (
    <>
      <Panel
        name="statement"
        title={`Statement of ${month}`}
        zone={timezone}
        actions={<TableTools csv={{ url: statementCsv(scope), name: `statement_${month}.csv` }} />}
        busy={answer.stale}
      >
        <Answered answer={answer} what="the statement" skeleton={<TableSkeleton columns={TOTALS} rows={3} />}>
          {({ totals, rows, complete }) => (
            <>
              {!complete && <p class="lead">Some of it is still being computed. Look again in a minute.</p>}
              <DataTable
                name="Totals"
                columns={TOTALS}
                rows={totals}
                keyOf={({ banner_tag, currency }) => `${banner_tag} ${currency}`}
                timezone={timezone}
                sort="-approved"
                none={<p>Nothing is to be paid for {month}: no event of it earns anything by the rules.</p>}
              />
              {rows.length > 0 && (
                <DataTable
                  name="Lines"
                  columns={LINES}
                  rows={rows}
                  keyOf={({ banner_tag, kind, rule_id, event_type, status }) =>
                    [banner_tag, kind, rule_id, event_type, status].join(" ")
                  }
                  timezone={timezone}
                  sort="banner_tag"
                  none={null}
                />
              )}
            </>
          )}
        </Answered>
      </Panel>
      {(answer.data || answer.error) && children}
    </>
  );
}

function ConversionsPanel({ scope, children }: Above) {
  const { data, error } = useAnswer(conversions(scope, undefined));
  const [chosen, choose] = useState<string | null>(null);
  return (
    <>
      <Panel name="conversions" title="Conversions" zone={scope.timezone}>
        <PagedList
          name="conversions"
          columns={CONVERSIONS}
          query={(cursor) => conversions(scope, cursor)}
          keyOf={({ event_id }) => event_id}
          timezone={scope.timezone}
          press={({ event_id }) => ({ title: `Open ${event_id}`, go: () => choose(event_id) })}
          none={<p>No rule judges an event of these days.</p>}
        />
        {chosen !== null && (
          <OneConversion
            scope={scope}
            event_id={chosen}
            decides={may(scope.principal, "admin")}
            close={() => choose(null)}
          />
        )}
      </Panel>
      {(data || error) && children}
    </>
  );
}

function RulesPanel({ scope }: { scope: Scope }) {
  const { project_id, timezone } = scope;
  const answer = useAnswer(rules(project_id));
  const [opened, open] = useState<RuleView | "new" | null>(null);
  const [ending, end] = useState<RuleView | null>(null);
  const close = () => open(null);
  return (
    <Panel
      name="payout-rules"
      title="Rules"
      actions={
        <button type="button" class="button primary" onClick={() => open("new")}>
          Make a rule
        </button>
      }
    >
      <Answered answer={answer} what="rules" skeleton={<TableSkeleton columns={RULES} rows={3} />}>
        {({ rows }) => (
          <>
            <DataTable
              name="Rules"
              columns={RULES}
              rows={rows}
              keyOf={({ id }) => id}
              timezone={timezone}
              sort="name"
              press={(rule) =>
                rule.versions[0]?.terms ? { title: `Change ${rule.versions[0].name}`, go: () => open(rule) } : undefined
              }
              none={<p>No rules yet. Make one to say what affiliates are paid for.</p>}
            />
            <p class="dialog-actions">
              {rows
                .filter(({ versions }) => versions[0]?.terms)
                .map((rule) => (
                  <button key={rule.id} type="button" class="button danger" onClick={() => end(rule)}>
                    End {rule.versions[0]?.name}…
                  </button>
                ))}
            </p>
          </>
        )}
      </Answered>
      {opened !== null && <EditRule scope={scope} {...(opened !== "new" && { rule: opened })} close={close} />}
      {ending && <EndRule rule={ending} close={() => end(null)} />}
    </Panel>
  );
}

function EndRule({ rule: { id, versions }, close }: { rule: RuleView; close: () => void }) {
  const action = useAction(() => read(client["payout-rules"][":id"].$delete({ param: { id }, query: {} })), "Done.");
  return (
    <Confirm title={`End ${versions[0]?.name}?`} label="End the rule" action={action} close={close}>
      <p>From today on it pays nothing. What it paid for the days before stays.</p>
    </Confirm>
  );
}
