/** What to paste where, by the kind of integration, with the project's own values. */
import type { ComponentChildren, FunctionComponent } from "preact";
import type { ProjectView } from "../../worker/admin/projects.ts";
import { Copied } from "../act/copied.tsx";
import { useNavigation } from "../navigation.ts";
import { Choices, Panel } from "../panel.tsx";
import type { Own, Samples } from "./code.ts";
import { MakeKey } from "./make-key.tsx";
import { useSigned } from "./signed.ts";

type Pasted = { own: Own; project: ProjectView; samples: Samples };

const PARTS = {
  snippet: { title: "Web pages", Show: Snippet },
  pixels: { title: "Pixels", Show: Pixels },
  postback: { title: "Postback", Show: Postback },
  server: { title: "Server", Show: Server },
} satisfies Record<string, { title: string; Show: FunctionComponent<Pasted> }>;
type Part = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as Part[];
const TITLES = Object.fromEntries(NAMES.map((name) => [name, PARTS[name].title])) as Record<Part, string>;

export function Paste({ project, samples }: Omit<Pasted, "own">) {
  const { address, go } = useNavigation();
  const part = NAMES.find((name) => name === address.part) ?? "snippet";
  const { Show } = PARTS[part];
  return (
    <Panel
      name="paste"
      title="Install code"
      actions={
        <Choices
          legend="Kind of integration"
          options={TITLES}
          chosen={part}
          choose={(part) => go({ part: part === "snippet" ? undefined : part })}
        />
      }
    >
      <Show own={{ origin: location.origin, project_id: project.project_id }} project={project} samples={samples} />
    </Panel>
  );
}

type Piece = { title: string; text: string; children?: ComponentChildren };

const Piece = ({ title, text, children }: Piece) => (
  <section class="piece">
    <h3>{title}</h3>
    {children}
    <Copied text={text} what={title} />
  </section>
);

function Snippet({ own, project, samples }: Pasted) {
  return (
    <>
      <Piece title="On every page, at the end of the head" text={samples.snippet(own)}>
        <p class="lead">
          The script sends visits and remembers the tag that came with <code>btag</code>. The image counts browsers
          without scripts.
        </p>
      </Piece>
      <Piece title="When something happens" text={samples.calls(own)}>
        {project.require_signature && (
          <p>
            This project wants amounts signed, which a page cannot do in secret: send the deposit from a server instead.
          </p>
        )}
      </Piece>
    </>
  );
}

function Pixels({ own, project, samples }: Pasted) {
  const deposit = samples.pixels.deposit(own);
  return (
    <>
      <p class="lead">
        Each is a GET that answers with an image of one pixel; its header X-Event-Status says what became of it. Put in
        the player's id and the tag.
      </p>
      <Piece title="Visit" text={samples.pixels.visit(own)} />
      <Piece title="Registration" text={samples.pixels.registration(own)} />
      {project.require_signature ? (
        <Signed deposit={deposit} secret={project.pixel_secret} signatures={samples.signatures} />
      ) : (
        <Piece title="Deposit" text={deposit} />
      )}
    </>
  );
}

type Secret = { deposit: string; secret: string; signatures: Samples["signatures"] };

function Signed({ deposit, secret, signatures }: Secret) {
  const signed = useSigned(deposit, secret);
  return (
    <>
      <Piece title="Deposit, signed" text={signed ?? `${deposit}&sig=…`}>
        <p class="lead">
          This project wants amounts and transactions signed: <code>sig</code> fits these values alone. Sign each pixel
          on a server, with the code below.
        </p>
      </Piece>
      <Piece title="The pixel secret" text={secret}>
        <p class="lead">It stays on your servers. Whoever has it can report money.</p>
      </Piece>
      {Object.entries(signatures).map(([language, code]) => (
        <Piece key={language} title={`Sign in ${language}`} text={code({ origin: "", project_id: "" })} />
      ))}
    </>
  );
}

/** Of the postback's macros, what each must become. */
const MACROS = {
  player_id: "the player's id, the same one in all their events",
  btag: "the tag of the campaign or the affiliate",
  payout: "the amount alone, such as 25.00",
  currency: "three letters, such as EUR",
  transaction_id: "what distinguishes this payment from any other, so that it counts once",
  click_id: "the click that it goes back to; leave it out where there is none",
};

function Postback({ own, project, samples }: Pasted) {
  return (
    <>
      {project.require_signature && (
        <p>
          This project wants amounts signed, which networks cannot do: let them call your server, and send the event
          from there.
        </p>
      )}
      <Piece title="The address to give to the network" text={samples.postback(own)}>
        <p class="lead">
          Replace each name in braces by the network's own macro. What still stands in braces when it arrives was not
          expanded: an amount like that is refused, and shows under “Recent rejections”.
        </p>
      </Piece>
      <dl class="macros">
        {Object.entries(MACROS).map(([name, meaning]) => (
          <div key={name}>
            <dt>
              <code>{`{${name}}`}</code>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Server({ own, samples }: Pasted) {
  return (
    <>
      <section class="piece">
        <h3>A key</h3>
        <MakeKey project_id={own.project_id} />
      </section>
      <p class="lead">
        The code reads the key from EDGEPIXEL_KEY. Nothing here needs a signature: the key vouches for amounts.
      </p>
      {Object.entries(samples.servers).map(([language, code]) => (
        <Piece key={language} title={language} text={code(own)}>
          {language === "Node" && <Copied text={samples.install(own)} what="the installation" />}
        </Piece>
      ))}
    </>
  );
}
