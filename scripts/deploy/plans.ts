/** What a plan means for an instance, in one line. docs/deploy.md says what happens at each limit. */
import { ALLOWANCES, type Plan } from "../../worker/store/plan.ts";

const { free, paid } = ALLOWANCES;
const count = (n: number) => n.toLocaleString("en");

export const MEANING: Record<Plan, string> = {
  free: `Plan free: ${count(free.queue_operations_a_day)} queue operations and ${count(free.rows_written_a_day)} rows written a day, and what waits in the queue is kept for ${free.queue_retention_hours} hours. docs/deploy.md says what happens beyond. On Workers Paid, deploy with --plan paid.`,
  paid: `Plan paid: used up to what you pay for; what waits in the queue is kept for ${paid.queue_retention_hours / 24} days.`,
};
