import { SetupPanels } from "../setup/panel.tsx";

export const View = SetupPanels;
