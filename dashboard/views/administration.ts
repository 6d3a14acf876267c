/** The views of setup and administration, which are built into one file. */

import { AlertsPanel } from "../alerts/panel.tsx";
import { AuditPanel } from "../audit/panel.tsx";
import { DataRequestsPanel } from "../data-requests/panel.tsx";
import { DeadLettersPanel } from "../dead-letters/panel.tsx";
import { KeysPanel } from "../keys/panel.tsx";
import { PostbacksPanel } from "../postbacks/panel.tsx";
import { ProjectsPanel } from "../projects/panel.tsx";
import { RatesPanel } from "../rates/panel.tsx";
import { RequestsPanels } from "../requests/panel.tsx";
import { SchemasPanel } from "../schemas/panel.tsx";
import { SetupPanels } from "../setup/panel.tsx";
import { SharingPanel } from "../sharing/panel.tsx";
import { SystemPanel } from "../system/panel.tsx";
import type { View } from "../views.ts";

export const VIEWS: Record<string, View> = {
  requests: RequestsPanels,
  dead_letters: DeadLettersPanel,
  postbacks: PostbacksPanel,
  alerts: AlertsPanel,
  schemas: SchemasPanel,
  setup: SetupPanels,
  data_requests: DataRequestsPanel,
  rates: RatesPanel,
  projections: SystemPanel,
  audit: AuditPanel,
  projects: ProjectsPanel,
  keys: KeysPanel,
  sharing: SharingPanel,
};
