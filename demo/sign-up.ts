/** Signing up: a new player id for the tag, then the registration. */
import { account, openAccount } from "./account.ts";
import { showSent } from "./sent.ts";
import { identify, pixel } from "./tag.ts";

showSent();

const form = document.querySelector<HTMLFormElement>("#sign-up");
const done = document.querySelector<HTMLElement>("#signed-up");
const title = document.querySelector("#title");
const invitation = title?.textContent ?? "";

function welcome(nickname: string, player_id: string): void {
  if (!form || !done) return;
  form.hidden = true;
  done.hidden = false;
  if (title) title.textContent = "You are signed up";
  for (const [selector, text] of [
    ["#welcome-name", nickname],
    ["#welcome-id", player_id],
  ] as const) {
    const place = done.querySelector(selector);
    if (place) place.textContent = text;
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  // The nickname stays in this browser: a tag has no use for names.
  const { player_id, nickname } = openAccount(String(new FormData(form).get("nickname")));
  identify(player_id);
  pixel("registration");
  welcome(nickname, player_id);
});

document.querySelector("#another")?.addEventListener("click", () => {
  if (!form || !done) return;
  form.reset();
  form.hidden = false;
  done.hidden = true;
  if (title) title.textContent = invitation;
});

const known = account();
if (known) welcome(known.nickname, known.player_id);

form?.querySelector("fieldset")?.removeAttribute("disabled");
