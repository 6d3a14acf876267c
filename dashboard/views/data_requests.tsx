import { DataRequestsPanel } from "../data-requests/panel.tsx";

export const View = DataRequestsPanel;
