import { type Check, leftOut, ok, type Patient, warning, wrong } from "./check.ts";

/** An event that is more than five minutes ahead is refused. */
const REFUSED_SECONDS = 300;
const DOUBTFUL_SECONDS = 30;

/** The instance's time when it answered, between `from` and `to`: a Date header has whole seconds only. */
type ClockReading = { from: number; to: number; asked_at: number; answered_at: number };

/** By the Date header of an answer where there is one; otherwise by the time when the test event was received. */
function readClock({
  health: { headers, asked_at, answered_at },
  known: { accepted, logged },
}: Patient): ClockReading | null {
  const date = headers.get("date");
  if (date !== null) return { from: Date.parse(date), to: Date.parse(date) + 1_000, asked_at, answered_at };
  return accepted && logged ? { from: logged.received_at, to: logged.received_at, ...accepted } : null;
}

export const clock: Check = {
  name: "clock",
  asks: "Do its clock and this machine's agree?",
  async look(patient) {
    const time = readClock(patient);
    if (time === null) return leftOut("Its answers have no Date, and no test event tells when it was received.");
    const ahead = Math.max(0, time.from - time.answered_at);
    const behind = Math.max(0, time.asked_at - time.to);
    const seconds = Math.round((ahead || behind) / 1_000);
    if (seconds <= DOUBTFUL_SECONDS) return ok("They agree.");
    const says = `Its clock is ${seconds} seconds ${ahead ? "ahead of" : "behind"} this machine's.`;
    const mend = patient.local
      ? "Both are on this machine: look at the proxy between them, which changes the Date."
      : "Cloudflare's clocks are right. Set this machine's by the network, such as with `timedatectl set-ntp true`.";
    return seconds <= REFUSED_SECONDS
      ? warning(says, mend)
      : wrong(`${says} Events that this machine sends with its own time are given a wrong one, or refused.`, mend);
  },
};
