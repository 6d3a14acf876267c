/** A picture on a canvas of the page: as large as its place, in the theme's colours, with its figures moving to fresh ones. */
import { type Paper, type Pointed, paint } from "./paint.ts";
import type { Picture } from "./picture.ts";
import { between, type Shape, shapesOf } from "./scale.ts";

export type { Pointed };

export type Drawing = {
  update: (picture: Picture) => void;
  /** Takes the colours anew: the theme has changed. */
  recolour: () => void;
  destroy: () => void;
};

const MOVING_MS = 350;

/** What colours of CSS are just now, light or dark; a canvas knows no variables. */
function coloursOf(canvas: HTMLCanvasElement): Paper["colour"] {
  const known = new Map<string, string>();
  return (css) => {
    const found = known.get(css);
    if (found !== undefined) return found;
    const probe = document.createElement("span");
    probe.style.color = css;
    canvas.parentElement?.append(probe);
    const computed = getComputedStyle(probe).color;
    probe.remove();
    known.set(css, computed);
    return computed;
  };
}

/** A canvas's context, with as many dots as the screen has, or `dots` for each pixel. */
function paperOf(canvas: HTMLCanvasElement, width: number, height: number, dots: number): Omit<Paper, "colour"> | null {
  const context = canvas.getContext("2d");
  if (!context || width === 0 || height === 0) return null;
  const [wide, tall] = [Math.round(width * dots), Math.round(height * dots)];
  // To set the size, even to what it is, empties the canvas and takes time.
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== tall) canvas.height = tall;
  context.setTransform(dots, 0, 0, dots, 0, 0);
  return { context, width, height, font: `12px ${getComputedStyle(document.body).fontFamily}` };
}

export function draw(canvas: HTMLCanvasElement, first: Picture, point: (at: Pointed | null) => void): Drawing {
  let picture = first;
  let shapes = shapesOf(first);
  let colour = coloursOf(canvas);
  let hovered: number | null = null;
  let find: ((pointer: number) => Pointed | null) | null = null;
  let frame = 0;

  const show = (): void => {
    const paper = paperOf(canvas, canvas.clientWidth, canvas.clientHeight, devicePixelRatio);
    if (paper) find = paint({ ...paper, colour }, picture, shapes, hovered);
  };
  const move = (from: readonly Shape[], to: readonly Shape[], begun: number, now: number): void => {
    const part = Math.min(1, (now - begun) / MOVING_MS);
    // Fast at first, and slower to its end.
    shapes = between(from, to, 1 - (1 - part) ** 4);
    show();
    if (part < 1) frame = requestAnimationFrame((later) => move(from, to, begun, later));
  };
  const hover = (at: Pointed | null): void => {
    if (at?.index === hovered) return;
    hovered = at?.index ?? null;
    show();
    point(at);
  };
  const follow = ({ offsetX }: PointerEvent): void => hover(find?.(offsetX) ?? null);
  const leave = (): void => hover(null);

  canvas.addEventListener("pointermove", follow);
  canvas.addEventListener("pointerleave", leave);
  const size = new ResizeObserver(show);
  size.observe(canvas);
  return {
    update(next) {
      const isSame = next.name === picture.name && next.labels.length === picture.labels.length;
      const [from, to] = [shapes, shapesOf(next)];
      picture = next;
      cancelAnimationFrame(frame);
      if (isSame && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
        const begun = performance.now();
        frame = requestAnimationFrame((now) => move(from, to, begun, now));
        return;
      }
      shapes = to;
      hover(null);
      show();
    },
    recolour() {
      colour = coloursOf(canvas);
      show();
    },
    destroy() {
      cancelAnimationFrame(frame);
      size.disconnect();
      canvas.removeEventListener("pointermove", follow);
      canvas.removeEventListener("pointerleave", leave);
    },
  };
}
