import { randomFillSync } from "node:crypto";
import type { Random } from "../words/random.ts";

const pool = new Uint8Array(4_096);
let used = pool.length;

/** The system's generator, asked for a page at a time: each byte is handed out once and forgotten here. */
export const systemRandom: Random = {
  bytes(count) {
    if (count > pool.length) return randomFillSync(new Uint8Array(count));
    if (used + count > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = pool.slice(used, used + count);
    pool.fill(0, used, used + count);
    used += count;
    return bytes;
  },
};
