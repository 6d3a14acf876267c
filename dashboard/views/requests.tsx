import { RequestsPanels } from "../requests/panel.tsx";

export const View = RequestsPanels;
