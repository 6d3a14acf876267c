import { SharingPanel } from "../sharing/panel.tsx";

export const View = SharingPanel;
