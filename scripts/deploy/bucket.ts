/** The R2 bucket of the archive. */
import { ApiError, orNull } from "./cloudflare.ts";
import { type Check, dashboard, jurisdictionOf, type Step, type Work } from "./work.ts";
import { wrangler } from "./wrangler.ts";

const NO_SUCH_BUCKET = 10_006;
/** R2 is not switched on: code 10042 of R2 itself, 10136 where a Worker with a bucket is uploaded. */
const SWITCHED_OFF = [10_042, 10_136];

export const bucketCheck: Check = {
  name: "bucket",
  right: "Workers R2 Storage: Edit",
  async look(work) {
    const { api, account, instance, found } = work;
    if (instance.bucket === null) return [];
    try {
      const path = `/accounts/${account}/r2/buckets/${instance.bucket}`;
      const jurisdiction = jurisdictionOf(work);
      const headers = jurisdiction === null ? {} : { "cf-r2-jurisdiction": jurisdiction };
      found.bucket = (await orNull(api.get(path, headers), NO_SUCH_BUCKET)) !== null;
      return [];
    } catch (error) {
      if (!(error instanceof ApiError && SWITCHED_OFF.includes(error.code))) throw error;
      return [
        `R2 is not switched on: do so at ${dashboard(account, "r2/overview")} (it asks for a payment method, also where everything stays free), or add --without-archive.`,
      ];
    }
  },
};

/** R2 accepts either a jurisdiction or a location hint. */
function placed(jurisdiction: string | null, { location }: Work["wishes"]): string[] {
  return jurisdiction ? ["--jurisdiction", jurisdiction] : location ? ["--location", location] : [];
}

export const bucketStep: Step = {
  name: "bucket",
  would: ({ instance, wishes }) =>
    instance.bucket === null
      ? "none, as asked: this instance has no archive"
      : [
          "wrangler r2 bucket create",
          instance.bucket,
          ...placed(wishes.jurisdiction ?? null, wishes),
          "(where there is none)",
        ].join(" "),
  async run(work) {
    const { instance, found, wishes } = work;
    if (instance.bucket === null) return "none, as asked: this instance has no archive";
    if (found.bucket) return `${instance.bucket} is there`;
    await wrangler(["r2", "bucket", "create", instance.bucket, ...placed(jurisdictionOf(work), wishes)]);
    return `made ${instance.bucket}`;
  },
};
