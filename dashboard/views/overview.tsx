/** The first page: what happened, how it went over time, who converted, which campaign brought it, what happens now. */
import { BreakdownPanel } from "../breakdown/panel.tsx";
import { CampaignsPanel } from "../campaigns/panel.tsx";
import { Welcome } from "../frame/welcome.tsx";
import { FunnelPanel } from "../funnel/panel.tsx";
import { Headline } from "../headline/headline.tsx";
import { LivePanel } from "../live/panel.tsx";
import type { Scope } from "../scope.ts";

export function View({ scope }: { scope: Scope }) {
  return (
    <>
      <Welcome scope={scope} />
      <div class="overview">
        <Headline scope={scope} />
        <FunnelPanel scope={scope} />
        <CampaignsPanel scope={scope} />
        <LivePanel />
        <BreakdownPanel scope={scope} />
      </div>
    </>
  );
}
