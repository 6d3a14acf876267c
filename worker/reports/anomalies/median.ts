/** The median of a few values, which a few odd values do not change; weighted where there are `weights`. */
export function median(values: readonly number[], weights?: readonly number[]): number {
  const sorted: number[] = [];
  const weighing: number[] = [];
  let half = 0;
  // By insertion: there are few, and this is where all the time goes.
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const weight = weights?.[index] ?? 1;
    let place = sorted.length;
    for (; place > 0 && (sorted[place - 1] as number) > value; place--) {
      sorted[place] = sorted[place - 1] as number;
      weighing[place] = weighing[place - 1] as number;
    }
    sorted[place] = value;
    weighing[place] = weight;
    half += weight / 2;
  }
  let below = 0;
  for (let place = 0; place < sorted.length; place++) {
    const value = sorted[place] as number;
    below += weighing[place] as number;
    if (below > half) return value;
    if (below === half) return (value + (sorted[place + 1] ?? value)) / 2;
  }
  return 0;
}
