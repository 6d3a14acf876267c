/**
 * Gathers the items of an isolate's requests without delaying their answers: the first item is sent at once; items that arrive
 * during that, or soon after it, are sent together.
 */

/** For how many intervals a group waits for the group before it. */
const PATIENCE = 5;

type Gathered<Group> = { group: Group; since: number };

export class Outbox<Group> {
  readonly #interval: number;
  readonly #empty: (now: number) => Group;
  #gathering: Gathered<Group> | null = null;
  #underWay = 0;
  #lastBegan = 0;

  /** At most one group is sent in this many milliseconds. */
  constructor(interval: number, empty: (now: number) => Group) {
    this.#interval = interval;
    this.#empty = empty;
  }

  /** Resolves when the item was sent, or when another request sends it. */
  async add(put: (group: Group) => void, deliver: (group: Group) => Promise<void>): Promise<void> {
    const now = Date.now();
    const known = this.#gathering;
    const gathered = known ?? { group: this.#empty(now), since: now };
    put(gathered.group);
    // The request that opened the group sends it, so the others need not wait. If the group was not sent by then, that
    // request was cancelled.
    if (known && now - known.since < (PATIENCE + 2) * this.#interval) return;
    gathered.since = now;
    this.#gathering = gathered;
    await this.#turn();
    if (this.#gathering !== gathered) return; // Taken over by another.
    this.#gathering = null;
    this.#lastBegan = Date.now();
    this.#underWay++;
    try {
      await deliver(gathered.group);
    } finally {
      this.#underWay--;
    }
  }

  /**
   * Resolves when the next group may be sent. The timer is I/O of this request, since the runtime ends a request that only waits
   * for another one.
   */
  async #turn(): Promise<void> {
    for (let waits = 0; waits <= PATIENCE; waits++) {
      const wait = this.#lastBegan + this.#interval - Date.now();
      if (wait > 0) await scheduler.wait(wait);
      else if (this.#underWay === 0) return;
      else await scheduler.wait(this.#interval);
    }
  }
}
