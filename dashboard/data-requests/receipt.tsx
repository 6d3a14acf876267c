/** How an erasure goes on, and its signed receipt: what was found where. */
import { Copied } from "../act/copied.tsx";
import { useAnswer, useRefreshing } from "../answers.ts";
import { Count, Facts } from "../figure.tsx";
import { NOTHING, timeText, words } from "../format.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Download } from "../table/download.tsx";
import { Progress } from "./columns.tsx";
import { erasure, receiptUrl } from "./query.ts";

const POLLED_MS = 2_000;

const WHERE: Record<string, string> = {
  events: "Events in the log",
  mentions: "Others' events that name them",
  identities: "Browsers",
  players: "Profiles",
  settled_players: "Profiles of settled days",
  activity: "Activity by day",
  requests: "Samples of refused requests",
  live: "Live stream",
  audit: "Audit log",
  archive: "Events in the archive",
};

const verifying =
  () => `curl -s ${location.origin}/api/v1/erasures/key -H "Authorization: Bearer $KEY" | jq -r .pem > key.pem
jq -cSj 'del(.signature, .error)' receipt.json > signed.json
jq -r .signature receipt.json | base64 -d > receipt.sig
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed.json -sigfile receipt.sig`;

export function ReceiptPanel({ id, scope: { timezone } }: { id: string; scope: Scope }) {
  const answer = useAnswer(erasure(id));
  const running = answer.data?.status === "running";
  useRefreshing(running ? POLLED_MS : null);
  return (
    <Panel
      name="receipt"
      title="Receipt"
      actions={
        answer.data && !running && <Download url={receiptUrl(id)} name="receipt.json" label="Download the receipt" />
      }
    >
      <Answered
        answer={answer}
        what="receipt"
        skeleton={
          <p class="lead" aria-hidden="true">
            <span class="bone">The player is erased.</span>
          </p>
        }
      >
        {(receipt) => (
          <>
            <p class="lead" role="status">
              {receipt.status === "finished"
                ? "The player is erased. This is what was found of them, and where; nothing of it is left."
                : "The erasure goes on by itself, also when this page is closed. It takes a minute or two, longer for a large archive."}
            </p>
            {receipt.error && (
              <div class="failed" role="alert">
                <div>
                  <strong>It is held up, and tried again each minute.</strong>
                  <p>{receipt.error}</p>
                </div>
              </div>
            )}
            <Facts
              of={{
                Status: <Progress of={receipt} />,
                Requested: timeText(receipt.requested_at, timezone),
                Finished: receipt.finished_at ? timeText(receipt.finished_at, timezone) : NOTHING,
                "Future events": receipt.suppress ? "refused" : "recorded",
                Receipt: receipt.id,
                "Digest of the player": receipt.subject,
              }}
            />
            <h3 class="facts-title">Found, and erased</h3>
            <Facts
              of={Object.fromEntries(
                Object.entries(receipt.found).map(([store, count]) => [
                  WHERE[store] ?? words(store),
                  <span key={store} data-found={store}>
                    <Count value={count} />
                  </span>,
                ]),
              )}
            />
            {receipt.signature && (
              <details class="verify">
                <summary>Verify the receipt</summary>
                <p>
                  The signature is Ed25519, over the receipt without <code>signature</code> and <code>error</code>, as
                  JSON without spaces and with its keys in order. With the downloaded file:
                </p>
                <Copied text={verifying()} />
              </details>
            )}
          </>
        )}
      </Answered>
    </Panel>
  );
}
