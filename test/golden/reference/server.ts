/** Answers for the tests in workerd, which cannot run DuckDB. */
import { ARRIVALS, type Arrival } from "../arrivals.ts";
import type { Ask } from "./ask.ts";
import { openReference, type Reference } from "./index.ts";

const opened = new Map<Arrival, Promise<Reference>>();
const answers = new Map<string, unknown>();

function open(arrival: Arrival): Promise<Reference> {
  const known = opened.get(arrival) ?? openReference(ARRIVALS[arrival]().flat());
  opened.set(arrival, known);
  return known;
}

export async function answer(request: { text(): Promise<string> }): Promise<Response> {
  const asked = await request.text();
  const { arrival, address, tags, changes } = JSON.parse(asked) as {
    arrival: Arrival;
    address: string;
    tags: string[] | null;
    changes: Ask["changes"];
  };
  try {
    if (!answers.has(asked)) answers.set(asked, await (await open(arrival))(address, tags, changes));
    return Response.json(answers.get(asked));
  } catch (error) {
    return new Response(`${address}: ${error}`, { status: 500 });
  }
}
