/** The steps of a deployment. Everything that the new code needs comes before it, so that a running instance keeps running. */
import { askStep } from "./ask.ts";
import { bucketStep } from "./bucket.ts";
import { buildStep } from "./build.ts";
import { databaseStep } from "./database.ts";
import { domainStep } from "./domain.ts";
import { migrationsStep } from "./migrations.ts";
import { queuesStep } from "./queues.ts";
import type { Step } from "./work.ts";
import { tokenStep, uploadStep } from "./worker.ts";

export const STEPS: readonly Step[] = [
  buildStep,
  databaseStep,
  queuesStep,
  bucketStep,
  migrationsStep,
  tokenStep,
  uploadStep,
  domainStep,
  askStep,
];
