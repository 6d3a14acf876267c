/** Payouts of affiliates: a month's statement, its conversions for analysts, the rules for administrators. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { may } from "../../worker/http/principal.ts";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { timeText } from "../format.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { CONVERSIONS, linesWith, TOTALS } from "./columns.tsx";
import { OneConversion } from "./dialogs.tsx";
import { conversions, statement, statementCsv } from "./query.ts";
import { ClickRules, PayoutRules } from "./rules.tsx";

/** Each panel waits for the answer of the one above it, so that nothing moves. */
export const PayoutsPanel = ({ scope }: { scope: Scope }) => (
  <div class="panels">
    <StatementPanel scope={scope}>
      {may(scope.principal, "analyst") && (
        <ConversionsPanel scope={scope}>
          {may(scope.principal, "admin") && (
            <PayoutRules scope={scope}>
              <ClickRules scope={scope} />
            </PayoutRules>
          )}
        </ConversionsPanel>
      )}
    </StatementPanel>
  </div>
);

type Above = { scope: Scope; children: ComponentChildren };

function StatementPanel({ scope, children }: Above) {
  const { timezone, to, today, principal } = scope;
  const month = to.slice(0, 7);
  const answer = useAnswer(statement(scope));
  const [closing, ask] = useState(false);
  const closable = may(principal, "admin") && month < today.slice(0, 7) && answer.data?.closed_at === null;
  return (
    <>
      <Panel
        name="statement"
        title={words.payouts.statementOf(month)}
        zone={timezone}
        actions={
          <>
            <TableTools csv={{ url: statementCsv(scope), name: `statement_${month}.csv` }} />
            {closable && (
              <button type="button" class="button" onClick={() => ask(true)}>
                {words.payouts.closeTheMonth}
              </button>
            )}
          </>
        }
        busy={answer.stale}
      >
        <Answered
          answer={answer}
          what={words.payouts.theStatement}
          skeleton={<TableSkeleton columns={TOTALS} rows={3} />}
        >
          {({ totals, rows, complete, closed_at, closed_by }) => (
            <>
              {closed_at && (
                <p class="lead">{words.payouts.closedOnByWhatChangesInIt(timeText(closed_at, timezone), closed_by)}</p>
              )}
              {!complete && <p class="lead">{words.payouts.someOfItIsStillBeing}</p>}
              <DataTable
                name={words.payouts.totals}
                columns={TOTALS}
                rows={totals}
                keyOf={({ banner_tag, currency }) => `${banner_tag} ${currency}`}
                timezone={timezone}
                sort="-approved"
                none={<p>{words.payouts.nothingIsToBePaidForNo(month)}</p>}
              />
              {rows.length > 0 && (
                <>
                  <h3 class="facts-title">{words.payouts.byRule}</h3>
                  <DataTable
                    name={words.payouts.byRule}
                    columns={linesWith(rows)}
                    rows={rows}
                    keyOf={({ banner_tag, kind, rule_id, event_type, status, of_month }) =>
                      [banner_tag, kind, rule_id, event_type, status, of_month].join(" ")
                    }
                    timezone={timezone}
                    sort="banner_tag"
                    none={null}
                  />
                </>
              )}
            </>
          )}
        </Answered>
        {closing && <CloseMonth scope={scope} month={month} close={() => ask(false)} />}
      </Panel>
      {(answer.data || answer.error) && children}
    </>
  );
}

type Closing = { scope: Scope; month: string; close: () => void };

function CloseMonth({ scope: { project_id }, month, close }: Closing) {
  const action = useAction(
    () => read(client.statements[":month"].close.$post({ param: { month }, query: { project_id } })),
    words.payouts.closed,
  );
  return (
    <Confirm title={words.payouts.close(month)} label={words.payouts.closeMonthButton} action={action} close={close}>
      <p>{words.payouts.itsStatementSaysTheSame}</p>
    </Confirm>
  );
}

const SHOWN = {
  all: { only: {}, none: words.payouts.noRuleJudgesAnEventOfThese },
  pending: { only: { status: "pending" }, none: words.payouts.nothingOfTheseDaysIs },
  flagged: { only: { reason: "flagged" }, none: words.payouts.nothingFlagged },
} as const;
type Shown = keyof typeof SHOWN;
const TITLES = {
  all: words.common.all,
  pending: words.payouts.pending,
  flagged: words.payouts.flagged,
} satisfies Record<Shown, string>;

function ConversionsPanel({ scope, children }: Above) {
  const [shown, show] = useState<Shown>("all");
  const asked = (cursor?: string | number) => conversions(scope, SHOWN[shown].only, cursor);
  // The panels below wait for all of them, so that they do not move while another choice is loaded.
  const { data, error } = useAnswer(conversions(scope, {}, undefined));
  const [chosen, choose] = useState<string | null>(null);
  return (
    <>
      <Panel
        name="conversions"
        title={words.payouts.conversions}
        zone={scope.timezone}
        actions={<Choices legend={words.payouts.whichConversions} options={TITLES} chosen={shown} choose={show} />}
      >
        <PagedList
          name={words.payouts.conversions}
          columns={CONVERSIONS}
          query={asked}
          keyOf={({ event_id }) => event_id}
          timezone={scope.timezone}
          press={({ event_id }) => ({ title: words.common.open(event_id), go: () => choose(event_id) })}
          none={<p>{SHOWN[shown].none}</p>}
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
