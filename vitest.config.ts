/**
 * The projects of tests: `worker`, `shards`, `golden` and `archive` run in workerd with its real D1, queue and Durable Objects; `client` tests
 * the client SDK, the import and the commands with a real server behind a faulty network; `browser` runs in Chromium with a real
 * server; `project` tests the repository: docs, imports, migrations, deployment.
 */
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { bundledWorker, PACKAGES } from "./test/bundled.ts";

/** `--changed` chooses tests by what they import. The bundled Worker hides that, so the tests then import the sources. */
const bySource = process.argv.some((given) => given.startsWith("--changed"));
const worker = bySource ? [] : [bundledWorker()];
const deps = { optimizer: { ssr: { enabled: bySource, include: PACKAGES } } };
/** Long, since a busy machine is slow: these limits only end tests that hang. */
const PATIENCE = { testTimeout: 1_200_000, hookTimeout: 1_200_000 };

/** Further databases: see worker/store/shards.ts. */
const SHARDS = { DB_2: "shard-2", DB_3: "shard-3" };

/** The plugins of a project whose tests run in workerd; `more` are the bindings and parts that only it has. */
const inWorkerd = (more: (feed: () => string) => Parts = () => ({})) => [
  ...worker,
  cloudflareTest(async ({ inject }) => {
    const { bindings, ...parts } = more(() => `${inject("feed")}/daily.xml`);
    return {
      wrangler: { configPath: "./wrangler.toml" },
      miniflare: {
        bindings: {
          ADMIN_TOKEN: "test-admin-token",
          LOCAL: "1",
          MIGRATIONS: await readD1Migrations("migrations"),
          ...bindings,
        },
        ...parts,
      },
    };
  }),
];
type Options = Awaited<ReturnType<Extract<Parameters<typeof cloudflareTest>[0], (...given: never[]) => unknown>>>;
type Parts = NonNullable<Options["miniflare"]>;

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/reruns.ts"],
    projects: [
      {
        plugins: inWorkerd((feed) => ({
          bindings: { ECB_FEED_URL: feed(), HISTORIES: process.env.HISTORIES ?? "" },
          // Stores e-mails and sends none.
          email: { send_email: [{ name: "EMAIL" }] },
          // Low, so that a test can reach them; requests without an address are not limited.
          ratelimits: {
            PIXEL_LIMIT: { namespace_id: "1", simple: { limit: 20, period: 10 } },
            API_LIMIT: { namespace_id: "2", simple: { limit: 20, period: 10 } },
            SIGN_IN_LIMIT: { namespace_id: "3", simple: { limit: 20, period: 10 } },
          },
        })),
        test: {
          name: "worker",
          ...PATIENCE,
          deps,
          include: ["test/worker/**/*.test.ts"],
          globalSetup: ["test/feed/server.ts", "test/receiver/server.ts"],
          setupFiles: ["test/worker/setup.ts"],
          // A Durable Object may still log after its test file has ended, when the runner can no longer take the line.
          disableConsoleIntercept: true,
        },
      },
      {
        plugins: inWorkerd((feed) => ({ bindings: { ECB_FEED_URL: feed() }, d1Databases: SHARDS })),
        test: {
          name: "shards",
          ...PATIENCE,
          deps,
          include: ["test/shards/*.test.ts"],
          globalSetup: ["test/feed/server.ts"],
          setupFiles: ["test/worker/setup.ts"],
          disableConsoleIntercept: true,
        },
      },
      {
        plugins: inWorkerd(() => ({
          d1Databases: SHARDS,
          // Runs here, beside workerd: DuckDB needs Node.
          serviceBindings: {
            REFERENCE: async (request: Request) => (await import("./test/golden/reference/server.ts")).answer(request),
          },
        })),
        test: {
          name: "golden",
          ...PATIENCE,
          deps,
          include: ["test/golden/**/*.test.ts"],
          setupFiles: ["test/worker/setup.ts"],
          disableConsoleIntercept: true,
        },
      },
      {
        plugins: inWorkerd(() => ({
          // Runs here, beside workerd: DuckDB needs Node.
          serviceBindings: {
            DUCKDB: async (request: Request) => (await import("./test/archive/duckdb.ts")).answer(request),
          },
        })),
        test: {
          name: "archive",
          ...PATIENCE,
          deps,
          include: ["test/archive/*.test.ts"],
          setupFiles: ["test/worker/setup.ts"],
          disableConsoleIntercept: true,
        },
      },
      {
        test: {
          name: "browser",
          ...PATIENCE,
          include: ["test/browser/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "client",
          ...PATIENCE,
          include: ["test/client/**/*.test.ts"],
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "project",
          ...PATIENCE,
          include: ["test/project/**/*.test.ts", "test/deploy/*.test.ts", "test/archive/node/*.test.ts"],
        },
      },
    ],
  },
});
