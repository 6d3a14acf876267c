/** The login that deploys, and the account into which it deploys. */
import { type Api, apiWith, type Credentials, isRefused } from "./cloudflare.ts";
import type { Finding } from "./work.ts";
import { CommandFailed, wrangler } from "./wrangler.ts";

const LOG_IN = "Log in with `npm run wrangler -- login`, or put an API token into CLOUDFLARE_API_TOKEN.";
const TOKENS = "https://dash.cloudflare.com/profile/api-tokens";

/** Names the rights that the template "Edit Cloudflare Workers" lacks. */
export const TOKEN_HELP = `Make a token at ${TOKENS} from the template "Edit Cloudflare Workers", and add D1: Edit and Queues: Edit.`;

/** The token of the environment, otherwise that of `wrangler login`, which Wrangler renews where it has expired. */
async function credentials(): Promise<Credentials | null> {
  const { CLOUDFLARE_API_TOKEN: token } = process.env;
  if (token) return { type: "api_token", token };
  try {
    return JSON.parse(await wrangler(["auth", "token", "--json"])) as Credentials;
  } catch (error) {
    if (error instanceof CommandFailed) return null;
    throw error;
  }
}

type Login = { api: Api; account: string };

export async function logIn(configured: string | undefined): Promise<Login | Finding> {
  const given = await credentials();
  if (given === null) return `Nobody is logged in. ${LOG_IN}`;
  const api = apiWith(given);
  // In the order of Wrangler.
  const named = configured || process.env.CLOUDFLARE_ACCOUNT_ID;
  if (named) return { api, account: named };
  try {
    const accounts = await api.get<{ id: string; name: string }[]>("/accounts?per_page=50");
    const [first] = accounts;
    if (first && accounts.length === 1) return { api, account: first.id };
    if (!first) return `The login or token reaches no account. ${LOG_IN} ${TOKEN_HELP}`;
    const list = accounts.map(({ id, name }) => `${id} (${name})`).join(", ");
    return `The login reaches several accounts; put the one to deploy into into CLOUDFLARE_ACCOUNT_ID: ${list}.`;
  } catch (error) {
    if (isRefused(error)) return `The login or token is not valid: ${(error as Error).message}. ${LOG_IN}`;
    throw error;
  }
}
