/** Random events for what the log makes of ids and transactions. */
import fc from "fast-check";

/** Few ids and transactions, so that many collide. */
export const collidingEvent = fc.record({
  project_id: fc.constantFrom("one", "one", "two"),
  event_id: fc.integer({ min: 1, max: 25 }).map((n) => `e${n}`),
  event_type: fc.constantFrom("deposit", "purchase"),
  player_id: fc.constant("p"),
  transaction_id: fc.constantFrom(null, "t1", "t2", "t3", "naïve '\" t"),
  trusted: fc.constantFrom<(0 | 1)[]>(0, 0, 1),
  test: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 0, 1),
  bot: fc.constantFrom(null, null, null, null, "crawler"),
});
