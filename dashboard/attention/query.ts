/** Requests everything that may need action; parts that the reader may not see, or that fail, are left out. */
import { addDays } from "../../worker/calendar.ts";
import { may } from "../../worker/http/principal.ts";
import type { Query } from "../answers.ts";
import { client, read } from "../api.ts";
import { health } from "../health.ts";
import { given } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Looked } from "./signs.ts";

/** The longest that the overview waits for these answers before it is shown, so that it does not move. */
const LONGEST_MS = 10_000;
/** Days that are searched for the last day of a silent tag. */
const DAYS = 7;
const MOST = "100";

const orNull = <Data>(asked: Promise<Data>): Promise<Data | null> => asked.catch(() => null);

export function attention({ principal, address: { project_id }, project_id: id, today }: Scope): Query<Looked> {
  const admin = may(principal, "admin");
  const ofAll = admin && principal.project_id === null;
  return {
    key: `attention ${JSON.stringify([id, today])}`,
    steady: true,
    async ask(left) {
      const signal = AbortSignal.any([left, AbortSignal.timeout(LONGEST_MS)]);
      const options = { init: { signal } };
      const about = given({ project_id, limit: MOST });
      const days = { from: addDays(today, 1 - DAYS), to: today };
      const [rejected, letters, sentTo, healthy, plan, anomalies] = await Promise.all([
        admin ? orNull(read(client.requests.$get({ query: { ...about, status: "rejected" } }, options))) : null,
        admin ? orNull(read(client["dead-letters"].$get({ query: { ...about, status: "waiting" } }, options))) : null,
        admin ? orNull(read(client.postbacks.$get({ query: { project_id: id } }, options))) : null,
        // These answers are about all projects.
        ofAll ? orNull(health().ask(signal)) : null,
        ofAll ? orNull(read(client.plan.$get({}, options))) : null,
        orNull(read(client.anomalies.$get({ query: given({ project_id, ...days }) }, options))),
      ]);
      return { rejected, letters, targets: sentTo, health: healthy, plan, anomalies };
    },
  };
}
