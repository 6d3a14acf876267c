/** The first page: what happened, how it went over time, who converted, which campaign brought it, what happens now. */
import { useAnswer } from "../answers.ts";
import { credential } from "../api.ts";
import { attention } from "../attention/query.ts";
import { AttentionStrip } from "../attention/strip.tsx";
import { BreakdownPanel } from "../breakdown/panel.tsx";
import { CampaignsPanel } from "../campaigns/panel.tsx";
import { Welcome } from "../frame/welcome.tsx";
import { FunnelPanel } from "../funnel/panel.tsx";
import { Headline } from "../headline/headline.tsx";
import { HoursPanel } from "../hours/panel.tsx";
import { LivePanel } from "../live/panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { Saved } from "../table/download.tsx";
import { words } from "../words.ts";

export function View({ scope }: { scope: Scope }) {
  // Whoever came by a share link is shown figures alone.
  const own = credential() === null;
  const looked = useAnswer(own ? attention(scope) : null);
  const settled = !own || looked.data !== undefined || looked.error !== undefined;
  return (
    <>
      <Welcome scope={scope} />
      {own && <AttentionStrip scope={scope} answer={looked} />}
      {/* What stands below the strip is asked for at once, and seen once it is known whether there is one: nothing moves. */}
      <div class={settled ? "overview" : "overview unsettled"}>
        <Headline scope={scope} />
        <FunnelPanel scope={scope} />
        <CampaignsPanel scope={scope} />
        <LivePanel />
        <BreakdownPanel scope={scope} />
        <HoursPanel scope={scope} />
        <p class="all-tables">
          <Saved
            name={`${fileNameOf("campaigns", scope, "tables")}.zip`}
            label={words.views.downloadAllTablesZip}
            file={async () => (await import("../files/all-tables.ts")).allTables(scope)}
          />
        </p>
      </div>
    </>
  );
}
