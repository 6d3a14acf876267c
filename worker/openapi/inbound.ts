/** The OpenAPI operations of inbound postbacks. */
import * as z from "zod";
import { json, type Operation } from "../http/operation.ts";

const door = (method: "get" | "post", path: string, id: string): Operation => ({
  id,
  tag: "Postbacks",
  method,
  path,
  summary: `A network tells of a conversion${path.endsWith("{token}") ? "" : ", with its token in a header or a signature"}`,
  description:
    "Parameters as the source's template names them, as a query, a form or a JSON object. 200 means that it is kept, and will be counted or decided.",
  role: null,
  problems: [400, 401, 404, 409, 413, 429, 503],
  answers: {
    200: {
      description: "It is kept.",
      content: json(z.object({ status: z.literal("accepted") })),
      headers: ["X-Event-Status"],
    },
  },
});

export const inboundOperations: Operation[] = [
  door("get", "/postback/{source}", "sendPostback"),
  door("post", "/postback/{source}", "postPostback"),
  door("get", "/postback/{source}/{token}", "sendPostbackByToken"),
  door("post", "/postback/{source}/{token}", "postPostbackByToken"),
];
