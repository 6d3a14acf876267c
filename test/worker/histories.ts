/** How many random histories a property test goes through. */
import { env } from "cloudflare:workers";

/**
 * So many in a run of all tests, each run with others than the one before; `HISTORIES=1000 npm test -- test/worker/FILE` goes
 * through more.
 */
export const histories = (usual: number) => ({ numRuns: Number(env.HISTORIES || usual), endOnFailure: true });
