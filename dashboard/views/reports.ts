/** The views of figures and people, which are built into one file. */

import { AnomaliesPanel } from "../anomalies/panel.tsx";
import { EventsPanel } from "../events/panel.tsx";
import { PayoutsPanel } from "../payouts/panel.tsx";
import { QualityPanel } from "../quality/panel.tsx";
import { StoredPanel } from "../stored/panel.tsx";
import { TrafficPanel } from "../traffic/panel.tsx";
import type { View } from "../views.ts";
import { View as CampaignsView } from "./campaigns.tsx";
import { View as CohortsView } from "./cohorts.tsx";
import { View as FunnelView } from "./funnel.tsx";
import { View as GamesView } from "./games.tsx";
import { View as LiveView } from "./live.tsx";
import { View as OverviewView } from "./overview.tsx";
import { View as PlayersView } from "./players.tsx";
import { View as RevenueView } from "./revenue.tsx";

export const VIEWS: Record<string, View> = {
  overview: OverviewView,
  campaigns: CampaignsView,
  traffic: TrafficPanel,
  funnel: FunnelView,
  cohorts: CohortsView,
  revenue: RevenueView,
  payouts: PayoutsPanel,
  anomalies: AnomaliesPanel,
  quality: QualityPanel,
  live: LiveView,
  games: GamesView,
  stored: StoredPanel,
  players: PlayersView,
  events: EventsPanel,
};
