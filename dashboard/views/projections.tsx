import { SystemPanel } from "../system/panel.tsx";

export const View = SystemPanel;
