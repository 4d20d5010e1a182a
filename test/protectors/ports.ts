// The real clock, chance and C library.

import { bootClock } from "../../agent/platform/boot-clock.ts";
import { loadLibc } from "../../platform/libc.ts";
import { systemRandom } from "../../platform/random.ts";

export const libc = loadLibc();
export const clock = bootClock(libc);
export const random = systemRandom;
