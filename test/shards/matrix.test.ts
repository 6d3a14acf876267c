/** Every route, with every kind of credential, for projects on a shard: the same as on `main`. */
import "./on-shard.ts";
import "../worker/matrix.test.ts";
