/** The OpenAPI operations of signing in and out, and of opening a share link. */
import * as z from "zod";
import { json, type Operation } from "../http/operation.ts";
import { type ShareSession, shareOpening } from "../http/share-session.ts";
import { credentials, signingOut } from "../http/sign-in.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import { signedIn } from "./answers.ts";

const shareSession = z
  .object({
    session: text.describe("Sent as `Authorization: Bearer`."),
    expires_at: instant,
    project_id: text,
    name: text,
    view: maybe,
  })
  .meta({ id: "ShareSession" }) satisfies z.ZodType<ShareSession>;

const at = { tag: "Session", path: "/api/v1/session" } as const;

export const sessionOperations: Operation[] = [
  {
    ...at,
    id: "signIn",
    method: "post",
    summary: "Sign in with a key, or a code",
    description:
      "Sets an HttpOnly, SameSite=Strict cookie for 7 days. The key must be able to read; a code is as its maker.",
    role: null,
    body: { schema: credentials, examples: { Key: { key: "ep_…" }, Code: { code: "epc_…" } } },
    answers: { 200: { description: "Who is signed in now.", content: json(signedIn), headers: ["Set-Cookie"] } },
    problems: [401, 403, 429],
  },
  {
    ...at,
    id: "getSession",
    method: "get",
    summary: "Who is signed in",
    description:
      "The role, the project and the tags of the key, of the cookie or of the share link with which the request comes.",
    role: "viewer",
    answers: { 200: { description: "By the cookie, or by the key of the request.", content: json(signedIn) } },
  },
  {
    ...at,
    id: "signOut",
    method: "delete",
    summary: "Sign out",
    query: signingOut,
    description:
      "Ends the session, wherever its cookie may be, and takes the cookie from the browser. With `all=true` also every other session that began with the same key, or with ADMIN_TOKEN. The key itself goes on.",
    role: null,
    answers: { 204: { description: "The cookie is gone.", headers: ["Set-Cookie"] } },
  },
  {
    tag: "Sharing",
    id: "openShare",
    method: "post",
    path: "/api/v1/share-sessions",
    summary: "Open a share link",
    description:
      "For a session of 12 hours at most, of the role viewer, of the link's project and tags. 401 has the code " +
      "`password_required` or `wrong_password`; 404 is a link that is not known, over or revoked.",
    role: null,
    body: { schema: shareOpening, examples: { Link: { token: "eps_…" } } },
    answers: { 200: { description: "The session.", content: json(shareSession) } },
    problems: [401, 404, 429, 503],
  },
];
