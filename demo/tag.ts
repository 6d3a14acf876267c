/** The page's side of the tag: what a site writes to send its own events, whether or not the snippet is there yet. */
import type { Fields, Pixel } from "../pixel/pixel.ts";

/** As the guide has it inline; this site allows no inline script. */
function waitingPixel(): Pixel {
  const calls: ArrayLike<unknown>[] = [];
  const pixel: Pixel = (...call) => {
    calls.push(call);
  };
  pixel.identify = (player_id) => pixel("identify", { player_id });
  pixel.reset = () => pixel("reset");
  pixel.q = calls;
  return pixel;
}
window.pixel ??= waitingPixel();

/** Always the one on the window: the snippet takes the waiting one's place. */
export const pixel = (type: string, fields?: Fields): void => window.pixel?.(type, fields);
export const identify = (player_id: string): void => window.pixel?.identify(player_id);
