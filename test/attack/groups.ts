// All attacks, in the order of the threat model's promises.

import type { Group } from "./attack.ts";
import { local } from "./p01-local.ts";
import { network } from "./p01-network.ts";
import { codesWorkOnce } from "./p02-once.ts";
import { guessing, guessLimit } from "./p03-guessing.ts";

export const groups: readonly Group[] = [network, local, codesWorkOnce, guessing, guessLimit];
