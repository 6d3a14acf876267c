import { onlyTag } from "../address.ts";
import { CampaignPage } from "../campaign/page.tsx";
import { CampaignsPanel } from "../campaigns/panel.tsx";
import type { Scope } from "../scope.ts";

/** All tags side by side, or the page of the tag in the address. */
export function View({ scope }: { scope: Scope }) {
  const tag = onlyTag(scope.address);
  return tag === undefined ? <CampaignsPanel scope={scope} /> : <CampaignPage scope={scope} tag={tag} />;
}
