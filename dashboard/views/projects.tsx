import { ProjectsPanel } from "../projects/panel.tsx";

export const View = ProjectsPanel;
