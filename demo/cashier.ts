/** The cashier: a deposit of play money, sent with the transaction id that makes it count once. */
import { account, token } from "./account.ts";
import { showSent } from "./sent.ts";
import { pixel } from "./tag.ts";

showSent();

const form = document.querySelector<HTMLFormElement>("#deposit");
const amount = document.querySelector<HTMLInputElement>("#amount");
const receipt = document.querySelector<HTMLElement>("#receipt");
const known = account();

const who = document.querySelector("#who");
if (who && known) who.textContent = `Signed up as ${known.nickname}, ${known.player_id}.`;

for (const chip of document.querySelectorAll<HTMLButtonElement>("[data-amount]")) {
  chip.addEventListener("click", () => {
    if (amount) amount.value = chip.dataset.amount ?? "";
  });
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(form);
  const deposit = {
    amount: String(given.get("amount")),
    currency: String(given.get("currency")),
    transaction_id: `demo-${token(12)}`,
  };
  pixel("deposit", deposit);
  if (!receipt) return;
  receipt.hidden = false;
  receipt.textContent = `${deposit.amount} ${deposit.currency} of play money, transaction ${deposit.transaction_id}.`;
});

form?.querySelector("fieldset")?.removeAttribute("disabled");
