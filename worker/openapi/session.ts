/** Signing in and out, in the document. */
import { credentials } from "../http/sign-in.ts";
import { signedIn } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const at = { tag: "Session", path: "/api/v1/session" } as const;

export const sessionOperations: Operation[] = [
  {
    ...at,
    id: "signIn",
    method: "post",
    summary: "Sign in with a key",
    description: "Sets an HttpOnly, SameSite=Strict cookie for 7 days. The key must be able to read.",
    role: null,
    body: { schema: credentials, examples: { Key: { key: "ep_…" } } },
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
    description: "Takes the cookie from the browser. A key that signs its requests itself is not affected.",
    role: null,
    answers: { 204: { description: "The cookie is gone.", headers: ["Set-Cookie"] } },
  },
];
