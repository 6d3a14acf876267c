/** The number of random histories of a property test. */
import { env } from "cloudflare:workers";

/**
 * The default number in a run of all tests, with other histories in each run; `HISTORIES=1000 npm test -- test/worker/FILE`
 * tests more.
 */
export const histories = (usual: number) => ({ numRuns: Number(env.HISTORIES || usual), endOnFailure: true });
