/** The outcomes of a file's lines: only counts, so that they stay small and can be saved with the position in the file. */
import type { FieldError } from "../../worker/event.ts";
import type { Warning } from "./time.ts";

/** `line` is the first line with this reason. */
export type Reason = { total: number; line: number; message: string };
export type Tally = {
  read: number;
  accepted: number;
  /** By field and code of the first error. */
  refused: Record<string, Reason>;
  /** Warnings about accepted events, by field and message. The state file has this name. */
  told: Record<string, Reason>;
  skipped: Record<string, number>;
};

export const noTally = (): Tally => ({ read: 0, accepted: 0, refused: {}, told: {}, skipped: {} });

function count(reasons: Record<string, Reason>, reason: string, line: number, message: string): void {
  const known = reasons[reason];
  if (known) known.total++;
  else reasons[reason] = { total: 1, line, message };
}

export const countRefused = (tally: Tally, line: number, [error]: readonly FieldError[]): void => {
  const { field, code, message } = error as FieldError;
  count(tally.refused, `${field} ${code}`, line, message);
};

export const countWarning = (tally: Tally, line: number, { field, message }: Warning): void =>
  count(tally.told, `${field} ${message}`, line, message);

export const totalRefused = ({ refused }: Tally): number =>
  Object.values(refused).reduce((sum, { total }) => sum + total, 0);
const totalSkipped = ({ skipped }: Tally): number => Object.values(skipped).reduce((sum, total) => sum + total, 0);

const shown = (total: number) => total.toLocaleString("en").padStart(12);

const NO_PIXEL =
  "No request was a pixel's. Where pixels had another path than /visit, /registration, /deposit or /pixel/…, name it: --path /b.gif=visit";

/** The report on a file, in lines. `dry`: nothing was sent. */
export function describe(name: string, tally: Tally, dry: boolean): string[] {
  const skipped = Object.entries(tally.skipped).map(([reason, total]) => `${total.toLocaleString("en")} ${reason}`);
  return [
    name,
    `${shown(tally.read)} lines read`,
    `${shown(tally.accepted)} ${dry ? "events valid (a dry run: nothing was sent)" : "events accepted"}`,
    ...Object.entries(tally.told).map(
      ([reason, { total, line }]) => `${shown(total)}   of them ${reason} (first in line ${line})`,
    ),
    `${shown(totalRefused(tally))} refused`,
    ...Object.entries(tally.refused)
      .sort(([, a], [, b]) => b.total - a.total)
      .map(([reason, { total, line, message }]) => `${shown(total)}   ${reason}, first in line ${line}: ${message}`),
    `${shown(totalSkipped(tally))} skipped${skipped.length > 0 ? `: ${skipped.join(", ")}` : ""}`,
    ...(tally.accepted === 0 && tally.skipped["not a pixel"] ? [NO_PIXEL] : []),
  ];
}

/** Whether no line became an event and some were refused; then the exit status is not 0. */
export const isUnread = (tally: Tally): boolean => tally.accepted === 0 && totalRefused(tally) > 0;
