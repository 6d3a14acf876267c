/** A progress bar: redrawn in place on a terminal; otherwise a line every two seconds. */
const WIDTH = 30;

export type Progress = { share: number; text: string };

/** Draws the bar until `end` is called, and then once more. */
export function showProgress(now: () => Progress): { end(): void } {
  const { stdout } = process;
  const draw = () => {
    const { share, text } = now();
    const filled = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
    const line = `[${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}] ${text}`;
    stdout.write(stdout.isTTY ? `\r${line}\u001b[K` : `${line}\n`);
  };
  const drawing = setInterval(draw, stdout.isTTY ? 200 : 2_000);
  return {
    end() {
      clearInterval(drawing);
      draw();
      if (stdout.isTTY) stdout.write("\n");
    },
  };
}
