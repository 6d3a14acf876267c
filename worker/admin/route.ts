/**
 * What a route of administration is: one value, from which its access, the reading of its query and its body, its audit
 * entry, its place in the OpenAPI document and the typed client of the dashboard follow.
 */
import type { SQL } from "drizzle-orm";
import type { Context, MiddlewareHandler } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import * as z from "zod";
import { atLeast, identified, notShared, projectFor } from "../http/access.ts";
import { ADMINISTRATION, acceptText } from "../http/body.ts";
import type { Answer, Operation } from "../http/operation.ts";
import { type ParametersIn, parameters } from "../http/parameters.ts";
import type { App, Principal, Role } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { readText } from "../http/read-text.ts";
import type { PlacedProject } from "../project.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { shardsOfProjects } from "../store/placements.ts";
import { rowOnShard } from "../store/row-on-shard.ts";
import { MAIN, mainOf, onShard, shardsOf } from "../store/shards.ts";
import { type Act, act } from "./audit.ts";

type Method = Operation["method"];
type Answers = Readonly<Record<number, Answer>>;
/** The query of a route without parameters. */
type NoQuery = z.ZodObject<Record<never, never>>;

export type Definition<
  At extends Method,
  Path extends string,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Given extends Answers,
> = Pick<Operation, "id" | "tag" | "summary" | "description" | "examples" | "problems"> & {
  method: At;
  /** Below `/api/v1`. */
  path: Path;
  /** The lowest role that may call it; null: no key is needed. */
  role: Role | null;
  /** It needs a key for all projects; other keys get a 403 with this text. */
  everywhere?: string;
  /** A share link does not open it. */
  unshared?: true;
  /** Throws the problem of an instance that has no such thing. */
  requires?(env: Env): void;
  /**
   * The shard that it is about. `main`: what all shards have in common. `each`: one that the parameter `shard` names, else
   * `main`. `row`: the one with the row that the path names by its id. In all other cases, and first where the request names a
   * project or the key belongs to one, the project's.
   */
  on?: "main" | "each" | { row: string; id?: string };
  query?: Query;
  body?: { schema: Body; examples: Record<string, NoInfer<z.input<Body>>> };
  /** By status. Where several of them have no problem document, the handler sets the status. */
  answers: Given;
  /** The name in the audit log: `<noun>.<verb>`. */
  audit?: string;
};

/** The arguments of a handler. */
export type Asked<Path extends string, Query, Body> = {
  c: Context<App>;
  env: Env;
  db: Database;
  principal: Principal;
  params: Record<ParametersIn<Path>, string>;
  query: Query;
  /** The body, by its schema; a 400 that names each wrong field. */
  readBody(): Promise<Body>;
  /** The project that is named, else the key's own; a 403 where the key does not reach it. */
  projectFor(named: string | undefined): Promise<PlacedProject>;
  /** Runs the statements and writes the audit entry `audit`, in one transaction. */
  act(what: Omit<Act, "action">, statements: SQL[]): Promise<void>;
  /** Epoch milliseconds. */
  now: number;
};

/** What a handler returns: the body of the answer; where that is not JSON, or may be a table, the whole response. */
type Reply<Given extends Answers> = {
  [Status in keyof Given]: Given[Status] extends { tables: readonly unknown[] }
    ? Response
    : Given[Status] extends { content: { "application/json": infer Schema extends z.ZodType } }
      ? z.output<Schema>
      : Given[Status] extends { content: object }
        ? Response
        : // biome-ignore lint/suspicious/noConfusingVoidType: a handler that has nothing to say returns nothing.
          void;
}[keyof Given];

type Shown<Given> = Given extends { content: { "application/json": infer Schema extends z.ZodType } }
  ? z.output<Schema>
  : null;

type OfAShard = { shard?: string };

/** The types of a route for the typed client. */
type Endpoint<Path extends string, Query extends z.ZodObject, Body extends z.ZodType, Given extends Answers> = {
  input: ([ParametersIn<Path>] extends [never] ? object : { param: Record<ParametersIn<Path>, string> }) &
    // Of routes about one shard: see `on`.
    ([keyof Query["shape"]] extends [never] ? { query?: OfAShard } : { query: z.input<Query> & OfAShard }) &
    ([Body] extends [z.ZodNever] ? object : { json: z.input<Body> });
  output: Shown<Given[keyof Given]>;
  outputFormat: "json";
  status: 200;
};

const OF_A_SHARD = {
  shard: z
    .string("must be given once")
    .regex(/^[a-z0-9]{1,20}$/, "must be the name of a shard")
    .optional()
    .describe(
      "Which database it is about, where the instance has several; `main` is the first. A project's is found without it.",
    ),
};
type Named = { project_id?: unknown; shard?: string };

const readOnce = <Value>(read: () => Promise<Value>): (() => Promise<Value>) => {
  let reading: Promise<Value> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
};

/** The project that a body names. A body that cannot be read is refused later, by its route. */
async function namedIn(bodyText: (() => Promise<string>) | null): Promise<unknown> {
  try {
    return bodyText && (JSON.parse(await bodyText()) as Named | null)?.project_id;
  } catch {
    return undefined;
  }
}

/** The environment of the shard that a request is about. With one database nothing is read. */
async function homeOf(
  c: Context<App>,
  on: Definition<Method, string, z.ZodObject, z.ZodType, Answers>["on"],
  query: Named,
  bodyText: (() => Promise<string>) | null,
  now: number,
): Promise<Env> {
  const { env } = c;
  if (on === "main" || shardsOf(env).length === 1) return mainOf(env);
  // A route without a key, such as a page for mail readers, has no principal.
  const principal = c.var.principal as Principal | undefined;
  const params = c.req.param() as Named;
  const named = principal?.project_id ?? query.project_id ?? params.project_id ?? (await namedIn(bodyText));
  if (typeof named === "string")
    return onShard(env, (await identified(shardsOfProjects(env, [named], now))).get(named) ?? MAIN);
  if (typeof on === "object") {
    const [id = ""] = Object.values(params) as string[];
    return (await rowOnShard(env, on.row, on.id ?? "id", id)) ?? mainOf(env);
  }
  const { shard = MAIN } = query;
  if (!shardsOf(env).includes(shard)) throw Problem.of("shard", `there is no shard ${shard}`);
  return onShard(env, shard);
}

export function route<
  At extends Method,
  Path extends string,
  Given extends Answers,
  Query extends z.ZodObject = NoQuery,
  Body extends z.ZodType = z.ZodNever,
>(
  definition: Definition<At, Path, Query, Body, Given>,
  handle: (asked: Asked<Path, z.output<Query>, z.output<Body>>) => Promise<Reply<Given>>,
) {
  const { id, role, everywhere, unshared, requires, on, body, answers, audit } = definition;
  const query = on === "each" ? (definition.query ?? z.strictObject({})).extend(OF_A_SHARD) : definition.query;
  const statuses = Object.keys(answers).map(Number);
  const handlers: MiddlewareHandler<App>[] = [
    ...(role === null ? [] : [atLeast(role)]),
    ...(unshared ? [notShared] : []),
    async (c, next) => {
      if (everywhere !== undefined && c.var.principal.project_id !== null) throw new Problem(403, everywhere);
      requires?.(c.env);
      await next();
    },
    ...(query ? [parameters(query) as MiddlewareHandler] : []),
    async (c) => {
      const { principal } = c.var;
      const now = Date.now();
      const given = query ? c.req.valid("query" as never) : {};
      const bodyText = readOnce(() => readText(c.req.raw, ADMINISTRATION));
      c.env = await homeOf(c, on, given, body === undefined ? null : bodyText, now);
      const db = databaseOf(c.env);
      if (statuses.length === 1) c.status(statuses[0] as StatusCode);
      const reply = await handle({
        c,
        env: c.env,
        db,
        principal,
        params: c.req.param() as Record<ParametersIn<Path>, string>,
        query: given as z.output<Query>,
        readBody: async () => acceptText(await bodyText(), body?.schema as Body),
        projectFor: (named) => projectFor(c.env, principal, named, now),
        act: (what, statements) => {
          if (audit === undefined) throw new Error(`The route ${id} has no \`audit\` to note what it does.`);
          return act(db, principal, now, { ...what, action: audit }, statements);
        },
        now,
      });
      if (reply instanceof Response) return reply;
      if (reply === undefined) return c.body(null);
      return c.json(reply as object);
    },
  ];
  return { ...definition, ...(query && { query }), handlers } as typeof definition & {
    handlers: typeof handlers;
    /** A type alone. */
    client: { [One in Path]: { [Called in `$${At}`]: Endpoint<Path, Query, Body, Given> } };
  };
}

/** A route of administration with any query, body and answers. */
export type Described = Omit<Definition<Method, string, z.ZodObject, z.ZodType, Answers>, "body"> & {
  body?: { schema: z.ZodType; examples: Record<string, unknown> };
  handlers: MiddlewareHandler<App>[];
};
