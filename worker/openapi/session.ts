/** Signing in and out, in the document. */
import { credentials, signingOut } from "../http/sign-in.ts";
import { signedIn, signInCode } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

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
    tag: "Session",
    id: "createSignInCode",
    method: "post",
    path: "/api/v1/session/codes",
    summary: "Make a code that signs in once",
    description:
      "For ten minutes, as whoever made it. A link to the dashboard with `#sign-in=` and the code behind it signs in a browser that never sees the key, as `npm start` prints one. Not from a session, which could else go on for ever.",
    role: "admin",
    answers: { 201: { description: "The code, this once.", content: json(signInCode) } },
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
];
