/** Errors on the wire: RFC 9457 problem documents, made in one place from one class. */
import type { FieldError } from "../event.ts";

const TITLES = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Too large",
  415: "Unsupported media type",
  416: "Range not satisfiable",
  426: "Upgrade required",
  429: "Too many requests",
  500: "Internal error",
  503: "Temporarily unavailable",
} as const;
export type ProblemStatus = keyof typeof TITLES;

/** What was wrong with one field or parameter. */
export type Complaint = { field: string; code: FieldError["code"] | string; message: string };

export type ProblemDocument = {
  type: "about:blank";
  title: string;
  status: number;
  detail: string;
  errors?: Complaint[];
};

export class Problem extends Error {
  readonly status: ProblemStatus;
  readonly errors: Complaint[] | undefined;
  /** Such as `Retry-After`, in seconds. */
  readonly headers: Record<string, string>;

  constructor(
    status: ProblemStatus,
    detail: string,
    more: { errors?: Complaint[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    // The server's own error is logged, and not shown to the sender.
    super(detail, { cause: more.cause });
    this.status = status;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }

  /** A parameter or field that breaks a rule. */
  static of(field: string, message: string, code = "invalid"): Problem {
    return new Problem(400, message, { errors: [{ field, code, message }] });
  }

  toResponse(headers: HeadersInit = {}): Response {
    const body: ProblemDocument = {
      type: "about:blank",
      title: TITLES[this.status],
      status: this.status,
      detail: this.message,
      ...(this.errors && { errors: this.errors }),
    };
    const response = Response.json(body, { status: this.status, headers });
    response.headers.set("content-type", "application/problem+json");
    if (this.status === 401) response.headers.set("www-authenticate", "Bearer");
    for (const [name, value] of Object.entries(this.headers)) response.headers.set(name, value);
    return response;
  }
}
