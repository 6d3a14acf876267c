import { EventsPanel } from "../events/panel.tsx";

export const View = EventsPanel;
