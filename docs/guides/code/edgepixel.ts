type Fields = Record<string, string | number | boolean | null | undefined>;
type Pixel = { (type: string, fields?: Fields): void; q?: unknown };

declare global {
  interface Window {
    pixel?: Pixel;
  }
}

/** The snippet's function. Until the snippet is there, calls wait for it. */
function pixel(): Pixel {
  const waiting: unknown[] = [];
  window.pixel ??= Object.assign((...call: unknown[]) => void waiting.push(call), { q: waiting });
  return window.pixel;
}

/** Loads the snippet, once. */
export function load(url: string, project: string): void {
  const src = `${url}/pixel.js`;
  if (document.querySelector(`script[src="${src}"]`)) return;
  const tag = document.createElement("script");
  tag.async = true;
  tag.src = src;
  tag.dataset.project = project;
  document.head.append(tag);
}

export const track = (type: string, fields?: Fields): void => pixel()(type, fields);

/** The visitor is this player from now on. Saying it again does nothing. */
export const signedIn = (player_id: string): void => track("identify", { player_id });

/** Whoever comes next is somebody else. Call it when somebody signs out, not whenever nobody is signed in. */
export const signedOut = (): void => track("reset");
