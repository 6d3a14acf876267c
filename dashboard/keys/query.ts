import { client } from "../api.ts";
import { query } from "../reports.ts";

/** The keys of all projects that the reader may change. */
export const keys = () => query("keys", {}, (_, options) => client.keys.$get({}, options));
