/** The OpenAPI document, made from the list of operations and from the zod schemas that the routes use. */
import * as z from "zod";
import { type Answer, type Operation, PROBLEMS, type ProblemCode, TABLES, TAGS } from "../http/operation.ts";
import { adminOperations } from "./admin.ts";
import { problem } from "./answers.ts";
import { eventOperations } from "./events.ts";
import { inboundOperations } from "./inbound.ts";
import { instanceOperations } from "./instance.ts";
import { type Components, type JsonSchema, jsonSchema } from "./json-schema.ts";
import { pixelOperations } from "./pixels.ts";
import { liveOperations, reportOperations } from "./reports.ts";
import { sessionOperations } from "./session.ts";
import { DESCRIPTIONS } from "./words.ts";

/** Every route has its entry here. */
export const OPERATIONS: readonly Operation[] = [
  ...pixelOperations,
  ...eventOperations,
  ...reportOperations,
  ...liveOperations,
  ...sessionOperations,
  ...adminOperations,
  ...inboundOperations,
  ...instanceOperations,
];

const HEADERS: Readonly<Record<string, string>> = {
  "X-Event-Status": "accepted, rejected, limited or unavailable.",
  "X-Event-Id": "The event's id.",
  "X-Event-Error": "The first error: its code and its field.",
  "Retry-After": "Seconds.",
  "Set-Cookie": "The session.",
  ETag: "Tells whether it is still the same.",
  "Accept-Ranges": "`bytes`.",
};

const INTRODUCTION = `Edgepixel counts events and pixels. \`/api/v1\` is the canonical address; \`/api\` and \`/v1\` serve the same routes.
Send a key as \`Authorization: Bearer <key>\`; \`x-role\` is the least role that an operation needs. Dates are \`YYYY-MM-DD\`
in the project's time zone. Errors are problem documents (RFC 9457) that name each wrong field.`;

export function openApi(operations: readonly Operation[] = OPERATIONS) {
  const schemas: Components = {};
  const paths: Record<string, Record<string, JsonSchema>> = {};
  const responses: Record<string, JsonSchema> = {};
  const problemSchema = jsonSchema(problem, "output", schemas);
  for (const [status, description] of Object.entries(PROBLEMS)) {
    responses[`Problem${status}`] = {
      description,
      ...(RETRY.includes(Number(status)) && { headers: headers(["Retry-After"]) }),
      content: { "application/problem+json": { schema: problemSchema } },
    };
  }
  for (const operation of operations) {
    const path = paths[operation.path] ?? {};
    paths[operation.path] = path;
    path[operation.method] = describe(operation, schemas);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Edgepixel",
      version: "1.0.0",
      description: INTRODUCTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This instance" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "A key: `ep_…`, or the ADMIN_TOKEN." },
        session: { type: "apiKey", in: "cookie", name: "session", description: "The dashboard's; see signIn." },
      },
      responses,
      schemas,
    },
  };
}
export type Document = ReturnType<typeof openApi>;

const RETRY = [429, 503];

function describe(operation: Operation, schemas: Components): JsonSchema {
  const { id, tag, summary, description, role, body, messages } = operation;
  const parameters = [...pathParameters(operation), ...queryParameters(operation, schemas)];
  if (body?.gzip) parameters.push(GZIP);
  if (body?.repeatable) parameters.push(IDEMPOTENCY_KEY);
  const answers: Record<string, JsonSchema> = {};
  for (const status of problemsOf(operation)) answers[status] = { $ref: `#/components/responses/Problem${status}` };
  for (const [status, answer] of Object.entries(operation.answers)) answers[status] = response(answer, schemas);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    ...(role === null ? { security: [] } : { "x-role": role, security: [{ key: [] }, { session: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: jsonSchema(body.schema, "input", schemas),
            examples: Object.fromEntries(Object.entries(body.examples).map(([name, value]) => [name, { value }])),
          },
        },
      },
    }),
    responses: answers,
    ...(messages && { "x-messages": jsonSchema(messages, "output", schemas) }),
  };
}

/** The statuses of an operation's problems: those of every route with a role, a query or a body, and those that it names itself. */
function problemsOf({ role, query, body, problems = [], answers }: Operation): ProblemCode[] {
  const all = new Set<ProblemCode>([
    ...(query || body ? [400 as const] : []),
    ...(role === null ? [] : ([401, 403, 429, 503] as const)),
    ...(body ? ([413, 415] as const) : []),
    ...problems,
  ]);
  return [...all].filter((status) => !(status in answers));
}

const example = (name: string, { examples }: Operation) =>
  examples?.[name] !== undefined && { example: examples[name] };

const pathParameters = (operation: Operation): JsonSchema[] =>
  [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    ...(DESCRIPTIONS[name] && { description: DESCRIPTIONS[name] }),
    schema: { type: "string" },
    ...example(name, operation),
  }));

function queryParameters(operation: Operation, schemas: Components): JsonSchema[] {
  if (!operation.query) return [];
  const { properties = {}, required = [] } = jsonSchema(operation.query, "input", schemas) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  const all = Object.entries(properties).map(([name, { description, ...schema }]): JsonSchema => {
    const needed = [...required, ...(operation.required ?? [])].includes(name);
    return {
      name,
      in: "query",
      ...(needed && { required: true }),
      ...(description !== undefined && { description }),
      schema,
      ...example(name, operation),
    };
  });
  const open = operation.open && {
    name: "data",
    in: "query",
    description: operation.open,
    style: "form",
    explode: true,
    schema: jsonSchema(z.record(z.string(), z.string()), "input", schemas),
  };
  return open ? [...all, open] : all;
}

const GZIP: JsonSchema = {
  name: "Content-Encoding",
  in: "header",
  description: "`gzip` where the body is packed.",
  schema: { type: "string", enum: ["gzip", "identity"] },
};

const IDEMPOTENCY_KEY: JsonSchema = {
  name: "Idempotency-Key",
  in: "header",
  description: "Sent again with the same body, events without an `event_id` count once.",
  schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
};

const headers = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { description: HEADERS[name], schema: { type: "string" } }]));

function response({ description, content, tables, headers: names }: Answer, schemas: Components): JsonSchema {
  const others = tables?.map((media) => TABLES[media]).join(" or ");
  return {
    description: others
      ? `${description} Its rows as ${others} where \`format\` or \`Accept\` asks for it.`
      : description,
    ...(tables && { "x-tables": tables }),
    ...(names && { headers: headers(names) }),
    ...(content && {
      content: Object.fromEntries(
        Object.entries(content).map(([media, schema]) => [
          media,
          schema ? { schema: jsonSchema(schema, "output", schemas) } : {},
        ]),
      ),
    }),
  };
}
