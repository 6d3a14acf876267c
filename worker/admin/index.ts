/** All routes of administration, in the order of the OpenAPI document. A new family needs a file, and a line here. */
import { Hono } from "hono";
import type { App } from "../http/principal.ts";
import { alertRoutes } from "./alerts.ts";
import { annotationRoutes } from "./annotations.ts";
import { archiveRoutes } from "./archive.ts";
import { auditRoutes } from "./audit-log.ts";
import { botReviewRoutes } from "./bot-reviews.ts";
import { channelRoutes } from "./channels.ts";
import { clickRuleRoutes } from "./click-rules.ts";
import { conversionRoutes } from "./conversions.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { erasureRoutes } from "./erasures.ts";
import { exchangeRateRoutes } from "./exchange-rates.ts";
import { keyRoutes } from "./keys.ts";
import { payoutRuleRoutes } from "./payout-rules.ts";
import { planRoutes } from "./plan.ts";
import { playerExportRoutes } from "./player-export.ts";
import { postbackTryRoutes } from "./postback-tries.ts";
import { postbackRoutes } from "./postbacks.ts";
import { projectionRoutes } from "./projections.ts";
import { projectRoutes } from "./projects.ts";
import { requestRoutes } from "./requests.ts";
import { restoreRoutes } from "./restore.ts";
import type { Described } from "./route.ts";
import { scheduleRoutes } from "./schedules.ts";
import { schemaRoutes } from "./schemas.ts";
import { segmentRoutes } from "./segments.ts";
import { shareRoutes } from "./shares.ts";
import { signInCodeRoutes } from "./sign-in-codes.ts";
import { sourceRoutes } from "./sources.ts";
import { statementRoutes } from "./statements.ts";
import { unsubscribeRoutes } from "./unsubscribe.ts";

const ALL = [
  ...signInCodeRoutes,
  ...segmentRoutes,
  ...annotationRoutes,
  ...shareRoutes,
  ...projectRoutes,
  ...botReviewRoutes,
  ...keyRoutes,
  ...requestRoutes,
  ...projectionRoutes,
  ...planRoutes,
  ...auditRoutes,
  ...schemaRoutes,
  ...deadLetterRoutes,
  ...exchangeRateRoutes,
  ...postbackRoutes,
  ...postbackTryRoutes,
  ...sourceRoutes,
  ...channelRoutes,
  ...alertRoutes,
  ...scheduleRoutes,
  ...unsubscribeRoutes,
  ...payoutRuleRoutes,
  ...clickRuleRoutes,
  ...statementRoutes,
  ...conversionRoutes,
  ...erasureRoutes,
  ...playerExportRoutes,
  ...archiveRoutes,
  ...restoreRoutes,
] as const;

export const ADMIN_ROUTES: readonly Described[] = ALL;

type Each = (typeof ALL)[number];
type Together<Client> = (Client extends unknown ? (one: Client) => void : never) extends (all: infer All) => void
  ? All
  : never;

const routesFor = (mayBeAnyone: boolean) => {
  const routes = new Hono<App>();
  for (const { method, path, role, handlers } of ADMIN_ROUTES)
    if ((role === null) === mayBeAnyone) routes.on([method.toUpperCase()], [path], ...handlers);
  return routes;
};
/** The routes that need no key. */
export const openAdminRoutes = routesFor(true);
export const adminRoutes = routesFor(false) as unknown as Hono<App, Together<Each["client"]>>;
