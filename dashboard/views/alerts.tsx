import { AlertsPanel } from "../alerts/panel.tsx";

export const View = AlertsPanel;
