/** What an isolate remembers of what it has read: a bounded number of things, of which the one that was read first goes first. */

export type Memory<Value> = {
  value: Value;
  /** When it was read, epoch milliseconds. */
  read_at: number;
  /** Until when it is taken without being read again. */
  until: number;
};

export class Remembered<Value> {
  readonly #most: number;
  readonly #memories = new Map<string, Memory<Value>>();

  constructor(most: number) {
    this.#most = most;
  }

  get(name: string): Memory<Value> | undefined {
    return this.#memories.get(name);
  }

  set(name: string, memory: Memory<Value>): void {
    this.#memories.delete(name);
    const [first] = this.#memories.keys();
    if (this.#memories.size >= this.#most && first !== undefined) this.#memories.delete(first);
    this.#memories.set(name, memory);
  }

  delete(name: string): void {
    this.#memories.delete(name);
  }

  /** Everything is read again when it is next asked for; until then it is what was last known. */
  expire(): void {
    for (const memory of this.#memories.values()) memory.until = 0;
  }
}
