/** The project's settings. */
import { client } from "../api.ts";
import { query } from "../reports.ts";
import type { Scope } from "../scope.ts";

export const settings = ({ project_id }: Scope) =>
  query("project", { project_id }, ({ project_id }, options) =>
    client.projects[":project_id"].$get({ param: { project_id } }, options),
  );
