/** The icons of the frame, in the colour of the surrounding text. */
import type { ComponentChildren } from "preact";

export const Icon = ({ children }: { children: ComponentChildren }) => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    {children}
  </svg>
);

export const Earlier = () => (
  <Icon>
    <path d="M10 3 5 8l5 5" />
  </Icon>
);
export const Later = () => (
  <Icon>
    <path d="m6 3 5 5-5 5" />
  </Icon>
);
export const Open = () => (
  <Icon>
    <path d="m4 6 4 4 4-4" />
  </Icon>
);
export const Remove = () => (
  <Icon>
    <path d="m4 4 8 8m0-8-8 8" />
  </Icon>
);

export const Bars = () => (
  <Icon>
    <path d="M2.5 4h11m-11 4h11m-11 4h11" />
  </Icon>
);

const PIXELS = [
  [0, 0, 1],
  [1, 0, 0.5],
  [0, 1, 0.5],
  [1, 1, 1],
  [0, 2, 0.28],
  [1, 2, 0.5],
] as const;

export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect class="mark-ground" width="32" height="32" rx="7" />
    {PIXELS.map(([column, row, opacity]) => (
      <rect
        key={`${column} ${row}`}
        class="mark-pixel"
        x={7 + column * 6.5}
        y={7 + row * 6.5}
        width="5"
        height="5"
        rx="1"
        opacity={opacity}
      />
    ))}
    <rect class="mark-edge" x="20" y="20" width="5" height="5" rx="1" />
  </svg>
);
