/** A drawn chart as a PNG file, with its title and legend, on the page's background colour. */
import { save } from "../save.ts";
import type { Picture } from "./picture.ts";

const MARGIN = 24;
const HEAD = 64;

export function savePng(drawn: HTMLCanvasElement, { lines, titles, days }: Picture): void {
  const canvas = document.createElement("canvas");
  const dots = drawn.width / drawn.clientWidth;
  canvas.width = drawn.width + 2 * MARGIN * dots;
  canvas.height = drawn.height + (HEAD + MARGIN) * dots;
  const context = canvas.getContext("2d");
  if (!context) return;
  const probe = document.createElement("span");
  document.body.append(probe);
  const paint = (colour: string) => {
    probe.style.color = `var(--${colour})`;
    context.fillStyle = getComputedStyle(probe).color;
  };
  const { fontFamily } = getComputedStyle(drawn);
  context.scale(dots, dots);
  paint("surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  paint("text");
  context.font = `600 16px ${fontFamily}`;
  const title = lines[0]?.title ?? "";
  context.fillText(`${title}, ${titles[0]} – ${titles.at(-1)}`, MARGIN, MARGIN + 8);
  context.font = `12px ${fontFamily}`;
  let left = MARGIN;
  for (const { as, title, legend = title, colour } of lines) {
    if (as === "edge") continue;
    paint(colour);
    context.fillRect(left, HEAD - 18, 8, 8);
    paint("muted");
    context.fillText(legend, left + 14, HEAD - 10);
    left += context.measureText(legend).width + 34;
  }
  probe.remove();
  context.drawImage(drawn, MARGIN, HEAD, drawn.clientWidth, drawn.clientHeight);
  const [first, last] = [days?.[0]?.from ?? titles[0], days?.at(-1)?.to ?? titles.at(-1)];
  canvas.toBlob((blob) => blob && save(blob, `${title} ${first} ${last}.png`));
}
