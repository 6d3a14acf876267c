import { DeadLettersPanel } from "../dead-letters/panel.tsx";

export const View = DeadLettersPanel;
