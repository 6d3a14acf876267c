/** What is sent: as a fetch, and as the same line of curl. */
import type { Operation } from "./document.ts";

export type Values = Record<string, string>;
/** What a reader filled in. Values are by place and name, such as `query.from`. */
export type Filled = { values: Values; body: string | null; key: string };

/** Parameters of any name, given as a query is written: `s=1&b=2`. */
export const isOpen = (parameter: { name: string; in: string; schema: { additionalProperties?: unknown } }) =>
  parameter.in === "query" && parameter.schema.additionalProperties !== undefined;

export function addressOf({ path, parameters = [] }: Operation, { values }: Filled): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[`path.${name}`] ?? ""));
  const query = new URLSearchParams();
  for (const parameter of parameters) {
    const value = values[`query.${parameter.name}`];
    if (parameter.in !== "query" || !value) continue;
    if (isOpen(parameter)) for (const [name, one] of new URLSearchParams(value)) query.append(name, one);
    else query.append(parameter.name, value);
  }
  return query.size > 0 ? `${filled}?${query}` : filled;
}

/** Path parameters that are still empty: without them there is no address. */
export const missingIn = ({ parameters = [] }: Operation, { values }: Filled): string[] =>
  parameters.filter((one) => one.in === "path" && !values[`path.${one.name}`]).map(({ name }) => name);

export const isPacked = ({ values, body }: Filled): boolean =>
  body !== null && values["header.Content-Encoding"] === "gzip";

export function headersOf(operation: Operation, filled: Filled): Record<string, string> {
  const headers: Record<string, string> = {};
  if (filled.key && operation["x-role"]) headers.Authorization = `Bearer ${filled.key}`;
  if (filled.body !== null) headers["Content-Type"] = "application/json";
  for (const parameter of operation.parameters ?? []) {
    const value = filled.values[`header.${parameter.name}`];
    if (parameter.in === "header" && value) headers[parameter.name] = value;
  }
  return headers;
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The key itself is not shown: it stays in the variable. */
export function curlOf(operation: Operation, filled: Filled): string {
  const { Authorization, ...headers } = headersOf(operation, filled);
  const packed = isPacked(filled);
  const lines = [
    `curl ${operation.method === "GET" ? "" : `-X ${operation.method} `}${quoted(location.origin + addressOf(operation, filled))}`,
    ...(Authorization || operation["x-role"] ? ['-H "Authorization: Bearer $KEY"'] : []),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(filled.body === null ? [] : [packed ? "--data-binary @-" : `-d ${quoted(filled.body)}`]),
  ].join(" \\\n  ");
  return packed ? `printf %s ${quoted(filled.body as string)} | gzip | ${lines}` : lines;
}

export type Received = {
  status: number;
  title: string;
  ok: boolean;
  milliseconds: number;
  headers: [string, string][];
  media: string;
  body: string;
};

async function pack(text: string): Promise<ArrayBuffer> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

export async function send(operation: Operation, filled: Filled, signal: AbortSignal): Promise<Received> {
  const body = filled.body !== null && isPacked(filled) ? await pack(filled.body) : filled.body;
  const began = performance.now();
  const answer = await fetch(addressOf(operation, filled), {
    method: operation.method,
    headers: headersOf(operation, filled),
    cache: "no-store",
    body,
    signal,
  });
  const bytes = await answer.arrayBuffer();
  const milliseconds = Math.round(performance.now() - began);
  const media = answer.headers.get("content-type")?.split(";")[0] ?? "";
  return {
    status: answer.status,
    title: answer.statusText,
    ok: answer.ok,
    milliseconds,
    headers: [...answer.headers],
    media,
    body: media.startsWith("image/") ? `${media}, ${bytes.byteLength} bytes` : readable(media, bytes),
  };
}

function readable(media: string, bytes: ArrayBuffer): string {
  const text = new TextDecoder().decode(bytes);
  if (!media.endsWith("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
