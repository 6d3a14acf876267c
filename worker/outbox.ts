/**
 * Gathers in an isolate what requests have to hand on, without holding up their answers: the first goes at once, what
 * comes while it is under way or soon after it goes together.
 */

/** For how many intervals a group waits for the one before it. */
const PATIENCE = 5;

type Gathered<Group> = { group: Group; since: number };

export class Outbox<Group> {
  readonly #interval: number;
  readonly #empty: (now: number) => Group;
  #gathering: Gathered<Group> | null = null;
  #underWay = 0;
  #lastBegan = 0;

  /** At most one group goes in so many milliseconds. */
  constructor(interval: number, empty: (now: number) => Group) {
    this.#interval = interval;
    this.#empty = empty;
  }

  /** Resolves when what was put has gone, or another request carries it. */
  async add(put: (group: Group) => void, deliver: (group: Group) => Promise<void>): Promise<void> {
    const now = Date.now();
    const known = this.#gathering;
    const gathered = known ?? { group: this.#empty(now), since: now };
    put(gathered.group);
    // The request that opened the group carries it, so the others need not wait for it. A group that has not gone by
    // then was forgotten: its request was cancelled.
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

  /** Resolves when the next group may go. The timer is I/O of its own: none waits only for another request. */
  async #turn(): Promise<void> {
    for (let waits = 0; waits <= PATIENCE; waits++) {
      const wait = this.#lastBegan + this.#interval - Date.now();
      if (wait > 0) await scheduler.wait(wait);
      else if (this.#underWay === 0) return;
      else await scheduler.wait(this.#interval);
    }
  }
}
