import { SchemasPanel } from "../schemas/panel.tsx";

export const View = SchemasPanel;
