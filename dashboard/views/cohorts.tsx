/** People by when they first came: who comes back, and what they are worth. */
import { RetentionPanel } from "../cohorts/panel.tsx";
import { ValuePanel } from "../cohorts/value.tsx";
import { LtvPanel } from "../ltv/panel.tsx";
import type { Scope } from "../scope.ts";

export const View = ({ scope }: { scope: Scope }) => (
  <div class="panels">
    <RetentionPanel scope={scope} />
    <ValuePanel scope={scope} />
    <LtvPanel scope={scope} />
  </div>
);
