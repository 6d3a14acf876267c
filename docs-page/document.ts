/** The OpenAPI document, as far as these pages read it. */

export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
};
export type Parameter = {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  description?: string;
  schema: Schema;
  example?: string;
};
export type Content = Record<string, { schema?: Schema; examples?: Record<string, { value: unknown }> }>;
export type Answer = {
  $ref?: string;
  description?: string;
  headers?: Record<string, { description?: string }>;
  content?: Content;
  "x-tables"?: string[];
};
export type Operation = {
  method: string;
  path: string;
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  "x-role"?: string;
  "x-messages"?: Schema;
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, Answer>;
};
export type Document = {
  info: { title: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Omit<Operation, "method" | "path">>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Answer> };
};

export async function loadDocument(): Promise<Document> {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`/openapi.json answers ${answer.status}.`);
  return answer.json();
}

export const operationsOf = ({ paths }: Document): Operation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );

const lastPart = (ref: string) => ref.slice(ref.lastIndexOf("/") + 1);

/** A schema with the name that it goes by, where it has one. */
export function resolve(document: Document, schema: Schema): { name: string | null; schema: Schema } {
  if (!schema.$ref) return { name: null, schema };
  const name = lastPart(schema.$ref);
  return { name, schema: { ...document.components.schemas[name], ...without$ref(schema) } };
}
const without$ref = ({ $ref: _, ...rest }: Schema) => rest;

export const resolveAnswer = (document: Document, answer: Answer): Answer =>
  answer.$ref ? (document.components.responses[lastPart(answer.$ref)] ?? {}) : answer;

/** A schema's type in a few words. */
export function typeOf(document: Document, given: Schema): string {
  const { name, schema } = resolve(document, given);
  if (name) return name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice) => typeOf(document, choice)).join(" | ");
  if (schema.items) return `${typeOf(document, schema.items)}[]`;
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  if (schema.type === "object" && typeof schema.additionalProperties === "object" && !schema.properties) {
    return `{ [name]: ${typeOf(document, schema.additionalProperties)} }`;
  }
  const fields = Object.entries(schema.properties ?? {});
  const [fixed] = fields.filter(([, { const: value }]) => value !== undefined);
  if (fixed) return `${fixed[0]}: ${JSON.stringify(fixed[1].const)}`;
  if (fields.length > 0 && fields.length < 4) return `{ ${fields.map(([field]) => field).join(", ")} }`;
  return schema.format ?? schema.type ?? "any";
}

/** A longer one tells a reader nothing. */
const LONGEST_PATTERN = 40;

/** What else a value must keep to. */
export function limitsOf(schema: Schema): string {
  const between = (least: number | undefined, most: number | undefined, what: string) =>
    least !== undefined && most !== undefined
      ? `${least}–${most}${what}`
      : most !== undefined
        ? `at most ${most}${what}`
        : least !== undefined && least > 0
          ? `at least ${least}${what}`
          : "";
  return [
    between(schema.minimum, schema.maximum, ""),
    between(undefined, schema.maxLength, " characters"),
    between(schema.minItems, schema.maxItems, " items"),
    schema.pattern && schema.pattern.length <= LONGEST_PATTERN ? schema.pattern : "",
    schema.default === undefined ? "" : `${JSON.stringify(schema.default)} where absent`,
  ]
    .filter(Boolean)
    .join(" · ");
}
