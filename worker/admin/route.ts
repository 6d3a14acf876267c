/**
 * What a route of administration is: one value, from which its access, the reading of its query and its body, its audit
 * entry, its place in the OpenAPI document and the typed client of the dashboard follow.
 */
import type { SQL } from "drizzle-orm";
import type { Context, MiddlewareHandler } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import type * as z from "zod";
import { atLeast, notShared, projectFor } from "../http/access.ts";
import { readBody } from "../http/body.ts";
import type { Answer, Operation } from "../http/operation.ts";
import { type ParametersIn, parameters } from "../http/parameters.ts";
import type { App, Principal, Role } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import type { Project } from "../project.ts";
import { type Database, databaseOf } from "../store/database.ts";
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
  projectFor(named: string | undefined): Promise<Project>;
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

/** The types of a route for the typed client. */
type Endpoint<Path extends string, Query extends z.ZodObject, Body extends z.ZodType, Given extends Answers> = {
  input: ([ParametersIn<Path>] extends [never] ? object : { param: Record<ParametersIn<Path>, string> }) &
    ([keyof Query["shape"]] extends [never] ? object : { query: z.input<Query> }) &
    ([Body] extends [z.ZodNever] ? object : { json: z.input<Body> });
  output: Shown<Given[keyof Given]>;
  outputFormat: "json";
  status: 200;
};

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
  const { id, role, everywhere, unshared, requires, query, body, answers, audit } = definition;
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
      const db = databaseOf(c.env);
      if (statuses.length === 1) c.status(statuses[0] as StatusCode);
      const reply = await handle({
        c,
        env: c.env,
        db,
        principal,
        params: c.req.param() as Record<ParametersIn<Path>, string>,
        query: (query ? c.req.valid("query" as never) : {}) as z.output<Query>,
        readBody: () => readBody(c, body?.schema as Body),
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
  return { ...definition, handlers } as typeof definition & {
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
