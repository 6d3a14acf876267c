/** Payout rules and click rules, with dialogs that make, change and end one. */
import type { ComponentChildren, FunctionComponent } from "preact";
import { useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { type Query, useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { CLICK_RULES, newest, PAYOUT_RULES, type Rule, type RuleColumns } from "./columns.tsx";
import { ClickRuleForm, PayoutRuleForm } from "./dialogs.tsx";
import { clickRules, payoutRules } from "./query.ts";

type Routes = "payout-rules" | "click-rules";
type FormOf<Row> = FunctionComponent<{ scope: Scope; rule?: Row; close: () => void; end: () => void }>;
type Kind<Row> = {
  routes: Routes;
  title: string;
  query: (project_id: string) => Query<{ rows: Row[] }>;
  columns: RuleColumns<Row>;
  Form: FormOf<Row>;
  make: string;
  none: string;
  /** The consequence of ending one, for the confirmation. */
  ends: string;
};

/** Makes the panel for a kind of rules; the panels below wait for its answer, so that they do not move. */
function rulesPanel<Row extends Rule>({ routes, title, query, columns, Form, make, none, ends }: Kind<Row>) {
  return function RulesPanel({ scope, children }: { scope: Scope; children?: ComponentChildren }) {
    const answer = useAnswer(query(scope.project_id));
    const [opened, open] = useState<Row | "new" | null>(null);
    const [ending, end] = useState<Row | null>(null);
    const close = () => open(null);
    return (
      <>
        <Panel
          name={routes}
          title={title}
          actions={
            <button type="button" class="button primary" onClick={() => open("new")}>
              {make}
            </button>
          }
        >
          <Answered
            answer={answer}
            what={words.inSentence(title)}
            skeleton={<TableSkeleton columns={columns} rows={3} />}
          >
            {({ rows }) => (
              <DataTable
                name={title}
                columns={columns}
                rows={rows}
                keyOf={({ id }) => id}
                timezone={scope.timezone}
                sort="name"
                press={(rule) =>
                  newest(rule)?.terms
                    ? { title: words.payouts.change(newest(rule)?.name ?? ""), go: () => open(rule) }
                    : undefined
                }
                none={<p>{none}</p>}
              />
            )}
          </Answered>
          {opened !== null && (
            <Form
              scope={scope}
              {...(opened !== "new" && { rule: opened })}
              close={close}
              end={() => {
                close();
                if (opened !== "new") end(opened);
              }}
            />
          )}
          {ending && <EndRule routes={routes} rule={ending} ends={ends} close={() => end(null)} />}
        </Panel>
        {(answer.data || answer.error) && children}
      </>
    );
  };
}

type Ending = { routes: Routes; rule: Rule; ends: string; close: () => void };

function EndRule({ routes, rule, ends, close }: Ending) {
  const { id } = rule;
  const action = useAction(() => read(client[routes][":id"].$delete({ param: { id }, query: {} })), words.common.done);
  return (
    <Confirm
      title={words.payouts.endTitle(newest(rule)?.name ?? "")}
      label={words.payouts.endTheRule}
      action={action}
      close={close}
    >
      <p>{ends}</p>
    </Confirm>
  );
}

export const PayoutRules = rulesPanel({
  routes: "payout-rules",
  title: words.payouts.payoutRules,
  query: payoutRules,
  columns: PAYOUT_RULES,
  Form: PayoutRuleForm,
  make: words.payouts.makeARule,
  none: words.payouts.noRulesYetMakeOneToSayWhat,
  ends: words.payouts.fromTodayOnItPaysNothing,
});

export const ClickRules = rulesPanel({
  routes: "click-rules",
  title: words.payouts.clickRulesTitle,
  query: clickRules,
  columns: CLICK_RULES,
  Form: ClickRuleForm,
  make: words.payouts.makeAClickRule,
  none: words.payouts.noClickRulesYetMakeOneTo,
  ends: words.payouts.fromTodayOnItFlagsNothing,
});
