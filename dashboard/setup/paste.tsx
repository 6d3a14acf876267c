/** The code to paste and the place for it, by kind of integration, with the project's values. */
import type { ComponentChildren, FunctionComponent } from "preact";
import type { ProjectView } from "../../worker/admin/projects.ts";
import { Copied } from "../act/copied.tsx";
import { useNavigation } from "../navigation.ts";
import { Choices, Panel } from "../panel.tsx";
import { words } from "../words.ts";
import type { Own, Samples } from "./code.ts";
import { MakeKey } from "./make-key.tsx";
import { useSigned } from "./signed.ts";

type Pasted = { own: Own; project: ProjectView; samples: Samples };

const PARTS = {
  snippet: { title: words.setup.webPages, Show: Snippet },
  pixels: { title: words.setup.pixels, Show: Pixels },
  postback: { title: words.setup.postback, Show: Postback },
  server: { title: words.setup.server, Show: Server },
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
      title={words.setup.installCode}
      actions={
        <Choices
          legend={words.setup.kindOfIntegration}
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

function Snippet({ own: projectValues, project, samples }: Pasted) {
  return (
    <>
      <Piece title={words.setup.onEveryPageAtTheEndOfThe} text={samples.snippet(projectValues)}>
        <p class="lead">{words.setup.theScriptSendsVisitsAnd(<code>btag</code>)}</p>
      </Piece>
      <Piece title={words.setup.whenSomethingHappens} text={samples.calls(projectValues)}>
        {project.require_signature && <p>{words.setup.thisProjectWantsAmounts}</p>}
      </Piece>
    </>
  );
}

function Pixels({ own: projectValues, project, samples }: Pasted) {
  const deposit = samples.pixels.deposit(projectValues);
  return (
    <>
      <p class="lead">{words.setup.eachIsAGetThatAnswersWith}</p>
      <Piece title={words.setup.visit} text={samples.pixels.visit(projectValues)} />
      <Piece title={words.setup.registration} text={samples.pixels.registration(projectValues)} />
      {project.require_signature ? (
        <Signed deposit={deposit} secret={project.pixel_secret} signatures={samples.signatures} />
      ) : (
        <Piece title={words.setup.deposit} text={deposit} />
      )}
    </>
  );
}

type Secret = { deposit: string; secret: string; signatures: Samples["signatures"] };

function Signed({ deposit, secret, signatures }: Secret) {
  const signed = useSigned(deposit, secret);
  return (
    <>
      <Piece title={words.setup.depositSigned} text={signed ?? `${deposit}&sig=…`}>
        <p class="lead">{words.setup.thisProjectWantsAmountsAnd(<code>sig</code>)}</p>
      </Piece>
      <Piece title={words.setup.thePixelSecret} text={secret}>
        <p class="lead">{words.setup.itStaysOnYourServers}</p>
      </Piece>
      {Object.entries(signatures).map(([language, code]) => (
        <Piece key={language} title={words.setup.signIn(language)} text={code({ origin: "", project_id: "" })} />
      ))}
    </>
  );
}

/** The postback's macros, and the value that each must be replaced by. */
const MACROS = {
  player_id: words.setup.thePlayerIdTheSameOneInAll,
  btag: words.setup.theTagOfTheCampaignOrThe,
  payout: words.setup.amountExample,
  currency: words.setup.threeLettersSuchAsEur,
  transaction_id: words.setup.whatDistinguishesThis,
  click_id: words.setup.theClickThatItGoesBackTo,
};

function Postback({ own: projectValues, project, samples }: Pasted) {
  return (
    <>
      {project.require_signature && <p>{words.setup.wantsSignedAmounts}</p>}
      <Piece title={words.setup.theAddressToGiveToThe} text={samples.postback(projectValues)}>
        <p class="lead">{words.setup.replaceEachNameInBracesBy}</p>
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

function Server({ own: projectValues, samples }: Pasted) {
  return (
    <>
      <section class="piece">
        <h3>{words.setup.aKey}</h3>
        <MakeKey project_id={projectValues.project_id} />
      </section>
      <p class="lead">{words.setup.theCodeReadsTheKeyFrom}</p>
      {Object.entries(samples.servers).map(([language, code]) => (
        <Piece key={language} title={language} text={code(projectValues)}>
          {language === "Node" && <Copied text={samples.install(projectValues)} what={words.setup.theInstallation} />}
        </Piece>
      ))}
    </>
  );
}
