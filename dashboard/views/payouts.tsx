import { PayoutsPanel } from "../payouts/panel.tsx";

export const View = PayoutsPanel;
