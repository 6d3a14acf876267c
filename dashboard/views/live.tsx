import { LivePanel } from "../live/panel.tsx";

export const View = () => <LivePanel wide />;
