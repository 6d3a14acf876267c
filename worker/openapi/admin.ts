/** The OpenAPI operations of administration. */
import { ADMIN_ROUTES } from "../admin/index.ts";
import type { Operation } from "../http/operation.ts";

export const adminOperations: Operation[] = ADMIN_ROUTES.map(
  ({ handlers: _, path, everywhere: __, unshared: ___, audit: ____, ...route }): Operation => ({
    ...route,
    path: `/api/v1${path.replace(/:(\w+)(?:\{.*\})?/g, "{$1}")}`,
  }),
);
