/** Requests about alerts, channels and scheduled reports. */
import { client } from "../api.ts";
import { query } from "../reports.ts";

const PAGE = "100";

export const alerts = (project_id: string) =>
  query("alerts", { project_id }, (asked, options) => client.alerts.$get({ query: asked }, options));

export const channels = (project_id: string) =>
  query("channels", { project_id }, (asked, options) => client.channels.$get({ query: asked }, options));

export const schedules = (project_id: string) =>
  query("schedules", { project_id }, (asked, options) => client["scheduled-reports"].$get({ query: asked }, options));

/** The newest. */
export const incidents = (id: string) =>
  query("incidents", { id }, (_, options) =>
    client.alerts[":id"].history.$get({ param: { id }, query: { limit: PAGE } }, options),
  );

/** The newest. */
export const sentReports = (id: string) =>
  query("sent reports", { id }, (_, options) =>
    client["scheduled-reports"][":id"].history.$get({ param: { id }, query: { limit: PAGE } }, options),
  );
