/** Making codes that sign in once. Using one is signing in: see worker/http/sign-in.ts. */
import * as z from "zod";
import { json } from "../http/operation.ts";
import { Problem } from "../http/problem.ts";
import { newCode } from "../http/sign-in-code.ts";
import { instant, text } from "../reports/answer.ts";
import { route } from "./route.ts";

const signInCode = z
  .object({ code: text.describe("It is shown this once."), expires_at: instant })
  .meta({ id: "SignInCode" });

export const signInCodeRoutes = [
  route(
    {
      id: "createSignInCode",
      method: "post",
      path: "/session/codes",
      on: "main",
      tag: "Session",
      role: "admin",
      summary: "Make a code that signs in once",
      description:
        "It is valid for ten minutes, for the holder of the key that made it. A link to the dashboard with `#sign-in=` and the code behind it signs in a browser that never sees the key, as `npm start` prints one. Not from a session, which could else go on for ever.",
      answers: { 201: { description: "The code, this once.", content: json(signInCode) } },
      audit: "session.code",
    },
    async ({ c, env, principal, act, now }) => {
      const { session } = c.var;
      // A session could else go on for ever by the next one.
      if (session) throw new Problem(403, "A sign-in code is made with a key, and not from a session.");
      const { made, statements } = await newCode(env, principal, now);
      const what = { project_id: principal.project_id, subject: principal.key_id ?? "admin" };
      await act(what, statements);
      c.header("cache-control", "no-store");
      return made;
    },
  ),
] as const;
