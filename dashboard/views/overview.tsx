/** The first page: figures, their course over time, the funnel, campaigns, and live events. */
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
  // A share link shows figures only.
  const signedIn = credential() === null;
  const looked = useAnswer(signedIn ? attention(scope) : null);
  const settled = !signedIn || looked.data !== undefined || looked.error !== undefined;
  return (
    <>
      <Welcome scope={scope} />
      {signedIn && <AttentionStrip scope={scope} answer={looked} />}
      {/* The panels below the strip request data at once, and are shown once the strip is known: nothing moves. */}
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
