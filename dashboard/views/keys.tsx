import { KeysPanel } from "../keys/panel.tsx";

export const View = KeysPanel;
