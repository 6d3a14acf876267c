import { StoredPanel } from "../stored/panel.tsx";

export const View = StoredPanel;
