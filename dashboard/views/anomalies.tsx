import { AnomaliesPanel } from "../anomalies/panel.tsx";

export const View = AnomaliesPanel;
