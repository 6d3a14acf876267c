/** `GET /openapi.json`: each isolate makes it once, at the first request. Open to everyone, and to pages of other origins. */
import { Hono } from "hono";
import { openApi } from "./document.ts";

let document: string | undefined;

export const openApiRoutes = new Hono<{ Bindings: Env }>().get("/openapi.json", (c) => {
  document ??= JSON.stringify(openApi());
  return c.body(document, 200, {
    "content-type": "application/json",
    "cache-control": "public, max-age=300",
    "access-control-allow-origin": "*",
  });
});
