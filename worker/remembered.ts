/** A limited number of values that an isolate has read; the one that was read first is dropped first. */

export type Memory<Value> = {
  value: Value;
  /** When it was read, epoch milliseconds. */
  read_at: number;
  /** Until when it is used without being read again. */
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

  /** Everything is read again at its next use; if that fails, the last known value remains. */
  expire(): void {
    for (const memory of this.#memories.values()) memory.until = 0;
  }
}
