import { QualityPanel } from "../quality/panel.tsx";

export const View = QualityPanel;
