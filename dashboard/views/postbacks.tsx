import { PostbacksPanel } from "../postbacks/panel.tsx";

export const View = PostbacksPanel;
