/** The steps of visitors, how long each took, and a comparison of tags. */
import { FunnelPanel } from "../funnel/panel.tsx";
import { TagsPanel } from "../funnel/tags.tsx";
import { TimesPanel } from "../funnel/times.tsx";
import type { Scope } from "../scope.ts";

export const View = ({ scope }: { scope: Scope }) => (
  <div class="panels">
    <FunnelPanel scope={scope} />
    <TimesPanel scope={scope} />
    <TagsPanel scope={scope} />
  </div>
);
