import { FunnelPanel } from "../funnel/panel.tsx";

export const View = FunnelPanel;
