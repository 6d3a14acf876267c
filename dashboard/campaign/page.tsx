/** The page of one campaign: its tag's figures, their course by day, the sources of its visitors, funnel and cohorts. */

import { useAmounts } from "../amounts.ts";
import { useAnswer } from "../answers.ts";
import { BreakdownPanel } from "../breakdown/panel.tsx";
import { COLUMNS } from "../campaigns/columns.ts";
import { campaigns } from "../campaigns/query.ts";
import { RetentionPanel } from "../cohorts/panel.tsx";
import { FunnelPanel } from "../funnel/panel.tsx";
import { Headline } from "../headline/headline.tsx";
import { Link } from "../link.tsx";
import { LtvPanel } from "../ltv/panel.tsx";
import { MAKE } from "../making.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Facts } from "../table/facts.tsx";
import { isOpenTo, VIEWS, type ViewEntry } from "../views.ts";
import { words } from "../words.ts";

/** Figures that the cards do not show. */
const FACTS = COLUMNS.filter(({ name }) =>
  [
    "unique_players",
    "depositors",
    "new_depositors",
    "returning_depositors",
    "amount",
    "deposit_per_visit",
    "deposit_per_first_deposit",
    "refunded",
    "withdrawn",
    "net_amount",
    "last_event_at",
  ].includes(name),
);

export function CampaignPage({ scope, tag }: { scope: Scope; tag: string }) {
  const answer = useAnswer(campaigns(scope));
  return (
    <div class="panels">
      <Panel
        name="campaign"
        title={tag}
        actions={
          <>
            {isOpenTo(scope.principal, VIEWS.sharing as ViewEntry) && (
              <Link class="button" to={{ view: "sharing", part: MAKE }}>
                {words.campaign.share}
              </Link>
            )}
            {isOpenTo(scope.principal, VIEWS.events as ViewEntry) && (
              <>
                <Link class="button" to={{ view: "players" }}>
                  {words.common.players}
                </Link>
                <Link class="button" to={{ view: "events" }}>
                  {words.common.events}
                </Link>
              </>
            )}
            <Link class="button" to={{ view: "anomalies" }}>
              {words.common.anomalies}
            </Link>
            <Link class="button" to={{ banner_tag: [] }}>
              {words.campaign.allCampaigns}
            </Link>
          </>
        }
      >
        <Answered
          answer={answer}
          what={words.campaign.campaign}
          skeleton={<Facts columns={FACTS} row={undefined} timezone="UTC" />}
        >
          {({ total, currency, timezone }) => (
            <Facts columns={FACTS} row={{ ...total, banner_tag: tag, currency }} timezone={timezone} />
          )}
        </Answered>
      </Panel>
      <Headline scope={scope} />
      <div class="panels two">
        <FunnelPanel scope={scope} />
        <BreakdownPanel scope={scope} />
      </div>
      <RetentionPanel scope={scope} />
      {useAmounts() && <LtvPanel scope={scope} />}
    </div>
  );
}
