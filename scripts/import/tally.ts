/** What became of a file's lines. Counts only, so that it stays small and can be kept with the place that was reached. */
import type { FieldError } from "../../worker/event.ts";

/** `line` is the first that it was refused for. */
export type Refusals = { total: number; line: number; message: string };
export type Tally = {
  read: number;
  accepted: number;
  /** By field and code of the first error. */
  refused: Record<string, Refusals>;
  skipped: Record<string, number>;
};

export const noTally = (): Tally => ({ read: 0, accepted: 0, refused: {}, skipped: {} });

export function countRefused(tally: Tally, line: number, [error]: readonly FieldError[]): void {
  const { field, code, message } = error as FieldError;
  const reason = `${field} ${code}`;
  const known = tally.refused[reason];
  if (known) known.total++;
  else tally.refused[reason] = { total: 1, line, message };
}

export const totalRefused = ({ refused }: Tally): number =>
  Object.values(refused).reduce((sum, { total }) => sum + total, 0);
const totalSkipped = ({ skipped }: Tally): number => Object.values(skipped).reduce((sum, total) => sum + total, 0);

const count = (total: number) => total.toLocaleString("en").padStart(12);

/** The report on a file, in lines. `dry` says that nothing was sent. */
export function describe(name: string, tally: Tally, dry: boolean): string[] {
  const skipped = Object.entries(tally.skipped).map(([reason, total]) => `${total.toLocaleString("en")} ${reason}`);
  return [
    name,
    `${count(tally.read)} lines read`,
    `${count(tally.accepted)} ${dry ? "events valid (a dry run: nothing was sent)" : "events accepted"}`,
    `${count(totalRefused(tally))} refused`,
    ...Object.entries(tally.refused)
      .sort(([, a], [, b]) => b.total - a.total)
      .map(([reason, { total, line, message }]) => `${count(total)}   ${reason}, first in line ${line}: ${message}`),
    `${count(totalSkipped(tally))} skipped${skipped.length > 0 ? `: ${skipped.join(", ")}` : ""}`,
  ];
}
