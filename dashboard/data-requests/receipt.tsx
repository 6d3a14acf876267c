/** The progress of an erasure, and its signed receipt with what was found in which store. */
import { Copied } from "../act/copied.tsx";
import { useAnswer, useRefreshing } from "../answers.ts";
import { Count, Facts } from "../figure.tsx";
import { NOTHING, timeText, titled } from "../format.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Download } from "../table/download.tsx";
import { words } from "../words.ts";
import { Progress } from "./columns.tsx";
import { erasure, receiptUrl } from "./query.ts";

const POLLED_MS = 2_000;

const WHERE: Record<string, string> = {
  events: words.common.eventsInTheLog,
  mentions: words.dataRequests.othersEventsThatNameThem,
  identities: words.dataRequests.browsers,
  players: words.dataRequests.profiles,
  settled_players: words.dataRequests.profilesOfSettledDays,
  activity: words.dataRequests.activityByDay,
  requests: words.dataRequests.samplesOfRefusedRequests,
  live: words.dataRequests.liveStream,
  audit: words.common.auditLog,
  archive: words.common.eventsInTheArchive,
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
      title={words.dataRequests.receipt}
      actions={
        answer.data &&
        !running && <Download url={receiptUrl(id)} name="receipt.json" label={words.dataRequests.downloadTheReceipt} />
      }
    >
      <Answered
        answer={answer}
        what={words.dataRequests.receiptInMessage}
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
                ? words.dataRequests.thePlayerIsErasedThisIs
                : words.dataRequests.theErasureGoesOnByItself}
            </p>
            {receipt.error && (
              <div class="failed" role="alert">
                <div>
                  <strong>{words.dataRequests.itIsHeldUpAndTriedAgain}</strong>
                  <p>{receipt.error}</p>
                </div>
              </div>
            )}
            <Facts
              of={{
                Status: <Progress of={receipt} />,
                Requested: timeText(receipt.requested_at, timezone),
                Finished: receipt.finished_at ? timeText(receipt.finished_at, timezone) : NOTHING,
                "Future events": receipt.suppress ? words.dataRequests.refused : words.dataRequests.recorded,
                Receipt: receipt.id,
                "Digest of the player": receipt.subject,
              }}
            />
            <h3 class="facts-title">{words.dataRequests.foundAndErased}</h3>
            <Facts
              of={Object.fromEntries(
                Object.entries(receipt.found).map(([store, count]) => [
                  WHERE[store] ?? titled(store),
                  <span key={store} data-found={store}>
                    <Count value={count} />
                  </span>,
                ]),
              )}
            />
            {receipt.signature && (
              <details class="verify">
                <summary>{words.dataRequests.verifyTheReceipt}</summary>
                <p>{words.dataRequests.theSignatureIsEd25519Over(<code>signature</code>, <code>error</code>)}</p>
                <Copied text={verifying()} />
              </details>
            )}
          </>
        )}
      </Answered>
    </Panel>
  );
}
