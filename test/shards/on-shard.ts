/** Imported before a test file of `worker`, whose projects are then on a shard. */
import { turnTo } from "../worker/log.ts";

turnTo("2");
