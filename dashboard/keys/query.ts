import { client } from "../api.ts";
import { query } from "../reports.ts";

/** Of all projects that one may change. */
export const keys = () => query("keys", {}, (_, options) => client.keys.$get({}, options));
