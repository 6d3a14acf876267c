/** The address of the instance: on workers.dev, or a domain of the owner. */
import { ApiError, orNull } from "./cloudflare.ts";
import { writeConfiguration } from "./files.ts";
import { type Check, dashboard, type Step } from "./work.ts";
import { wrangler } from "./wrangler.ts";

const NO_SUBDOMAIN = 10_007;

export const subdomainCheck: Check = {
  name: "workers.dev address",
  right: "Workers Scripts: Edit",
  async look({ api, account, wishes, found }) {
    if (wishes.domain !== null) return [];
    const answer = await orNull(api.get<{ subdomain: string }>(`/accounts/${account}/workers/subdomain`), NO_SUBDOMAIN);
    found.subdomain = answer?.subdomain ?? null;
    // Otherwise the upload fails with code 10063.
    return found.subdomain
      ? []
      : [
          `The account has no workers.dev subdomain: choose one at ${dashboard(account, "workers/onboarding")}, or add --domain.`,
        ];
  },
};

/** The possible names of a domain's zone: the domain without its first labels. */
const endsOf = (domain: string): string[] => {
  const labels = domain.split(".");
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join("."));
};

export const domainCheck: Check = {
  name: "domain",
  right: "Zone: Read and Workers Routes: Edit of the domain's zone",
  async look({ api, account, wishes: { domain }, instance, found }) {
    if (domain === null) return [];
    const zones = await Promise.all(
      endsOf(domain).map((end) =>
        api.get<{ id: string; name: string; status: string }[]>(`/zones?name=${end}&account.id=${account}`),
      ),
    );
    const [zone] = zones.flat();
    if (!zone)
      return [`No zone of the account holds ${domain}: add the domain at ${dashboard(account, "add-site")} first.`];
    if (zone.status !== "active")
      return [
        `The zone ${zone.name} is not active yet (${zone.status}): finish its set-up at ${dashboard(account, zone.name)}.`,
      ];
    const attached = await api.get<{ hostname: string; service: string }[]>(
      `/accounts/${account}/workers/domains?hostname=${domain}`,
    );
    const other = attached.find(({ service }) => service !== instance.worker);
    if (other)
      return [
        `${domain} leads to the Worker ${other.service}: take it away there at ${dashboard(account, `workers/services/view/${other.service}/production/settings`)}, or choose another name.`,
      ];
    found.domain = attached.length > 0;
    return [];
  },
};

type Changes = { conflicting: { hostname: string }[] };

export const domainStep: Step = {
  name: "domain",
  would: ({ wishes: { domain } }) =>
    domain === null ? "none: a workers.dev address" : `wrangler triggers deploy, with the domain ${domain}`,
  async run(work) {
    const { api, account, instance, wishes, found } = work;
    const { domain } = wishes;
    if (domain === null) return "none: a workers.dev address";
    work.url = `https://${domain}`;
    if (found.domain) return `${domain} leads here`;
    // Without a terminal, Wrangler would replace an existing DNS record without a question.
    const changes = await api.post<Changes>(
      `/accounts/${account}/workers/scripts/${instance.worker}/domains/changeset?replace_state=true`,
      [{ hostname: domain }],
    );
    if (changes.conflicting.length > 0)
      throw new ApiError(
        `${domain} has a DNS record already, which would be replaced: remove it at https://dash.cloudflare.com/?to=/:account/:zone/dns/records, or choose another name`,
        0,
        409,
      );
    await wrangler(["triggers", "deploy", "--config", writeConfiguration(work, { attached: true })]);
    return `${domain} leads here from now on; its certificate takes some minutes`;
  },
};
