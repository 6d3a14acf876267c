import { CampaignsPanel } from "../campaigns/panel.tsx";

export const View = CampaignsPanel;
