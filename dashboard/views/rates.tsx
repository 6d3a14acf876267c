import { RatesPanel } from "../rates/panel.tsx";

export const View = RatesPanel;
