/** The landing page: one round of a game whose only prize is an event. */
import { showSent } from "./sent.ts";
import { pixel } from "./tag.ts";

const SYMBOLS = ["comet", "moon", "star", "planet", "gem"];

showSent();

const reels = [...document.querySelectorAll<SVGUseElement>(".reel use")];
const result = document.querySelector("#spin-result");

const spin = document.querySelector<HTMLButtonElement>("#spin");
spin?.addEventListener("click", () => {
  const drawn = reels.map(() => SYMBOLS[Math.floor(Math.random() * SYMBOLS.length)] as string);
  for (const [index, reel] of reels.entries()) {
    reel.setAttribute("href", `#${drawn[index]}`);
    const box = reel.closest(".reel");
    // Taken off and put back, so that the same animation runs again.
    box?.classList.remove("turning");
    void (box as HTMLElement).offsetWidth;
    box?.classList.add("turning");
  }
  const alike = new Set(drawn).size;
  if (result) {
    result.textContent = alike === 1 ? "Three alike. You win applause." : alike === 2 ? "Two alike." : "All different.";
  }
  pixel("spin", { app_id: "comet_reels", reels: drawn.join("-") });
});
// Not before: a click that nobody hears is lost.
spin?.removeAttribute("disabled");
