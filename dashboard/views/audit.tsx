import { AuditPanel } from "../audit/panel.tsx";

export const View = AuditPanel;
