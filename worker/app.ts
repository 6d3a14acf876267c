/** All routes of the Worker. Each route is defined in the folder of its subject. */
import { Hono } from "hono";
import { adminRoutes, openAdminRoutes } from "./admin/index.ts";
import { lostTurn } from "./archive/files.ts";
import { eventRoutes } from "./collect/events.ts";
import { importRoutes } from "./collect/import.ts";
import { pixelRoutes } from "./collect/pixel.ts";
import { atLeast } from "./http/access.ts";
import type { App, Incoming } from "./http/principal.ts";
import { Problem } from "./http/problem.ts";
import { traced } from "./http/request.ts";
import { shareSessionRoutes } from "./http/share-session.ts";
import { sessionRoutes } from "./http/sign-in.ts";
import { inboundRoutes } from "./inbound/route.ts";
import { log } from "./log.ts";
import { scrapeRoutes } from "./monitor/metrics.ts";
import { openApiRoutes } from "./openapi/routes.ts";
import { healthRoutes } from "./reports/health.ts";
import { reportRoutes } from "./reports/index.ts";
import { realtimeRoutes } from "./reports/realtime.ts";
import { isDatabaseAway } from "./store/away.ts";

/** Seconds after which a request that could not be answered may be sent again. */
const RETRY_AFTER = "5";

const api = new Hono<App>()
  .route("/", sessionRoutes)
  .route("/", shareSessionRoutes)
  .route("/", eventRoutes)
  .route("/", importRoutes)
  .route("/", openAdminRoutes)
  .use(atLeast("viewer"))
  .route("/", reportRoutes)
  .route("/", realtimeRoutes)
  .route("/", adminRoutes);

/** The API as the typed client sees it. */
export type Api = typeof api;

/** Every route of the API, such as `GET /metrics`, for tests and docs. */
export const routes = [
  ...new Set(
    api.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replace(/\{.*\}$/, "")}`),
  ),
];

// With or without a slash at the end it is the same route.
export const app = new Hono<Incoming>({ strict: false })
  .use(traced)
  .route("/", pixelRoutes)
  .route("/", inboundRoutes)
  .route("/", healthRoutes)
  .route("/", scrapeRoutes)
  .route("/", openApiRoutes)
  .route("/api/v1", api)
  .route("/api", api)
  .route("/v1", api)
  .notFound((c) => new Problem(404, `There is nothing at ${c.req.path}.`).toResponse())
  .onError((error, c) => {
    const { request_id } = c.var;
    const fault = error instanceof Problem ? error.cause : error;
    if (fault instanceof Error)
      log("error", "request failed", { request_id, error: String(fault), stack: fault.stack });
    if (error instanceof Problem) return error.toResponse();
    // A file of the archive that was replaced while it was read is there under another name.
    if (isDatabaseAway(error) || lostTurn(error))
      return new Problem(503, "It cannot be read or written now. Please try again.", {
        headers: { "retry-after": RETRY_AFTER },
      }).toResponse();
    return new Problem(500, "Something went wrong here; it has been logged.").toResponse();
  });
