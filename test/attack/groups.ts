// All attacks, in the order of the threat model's promises.

import type { Group } from "./attack.ts";
import { comparison } from "./comparison.ts";
import { damage } from "./p01-damage.ts";
import { local } from "./p01-local.ts";
import { network } from "./p01-network.ts";
import { codesWorkOnce } from "./p02-once.ts";
import { responsesWorkOnce } from "./p02-responses.ts";
import { guessing, guessLimit } from "./p03-guessing.ts";
import { theft } from "./p04-theft.ts";
import { past, pastWithTpm } from "./p05-past.ts";
import { waysBack } from "./p05-recovery.ts";
import { clock } from "./p06-clock.ts";
import { limits } from "./p07-limits.ts";
import { floods } from "./p08-floods.ts";
import { localSocket } from "./p08-socket.ts";
import { input } from "./p09-input.ts";
import { stacks } from "./p10-stacks.ts";
import { files } from "./p11-files.ts";
import { leaksOfSecrets } from "./p12-leaks.ts";
import { line } from "./p13-line.ts";
import { grace } from "./p14-grace.ts";
import { wayBackIn } from "./p15-way-back.ts";
import { audit } from "./p16-audit.ts";
import { guessedPin, leakedPin, stolenPin } from "./pins.ts";
import { server } from "./server.ts";
import { serverWithin } from "./server-within.ts";

export const groups: readonly Group[] = [
  network,
  local,
  damage,
  codesWorkOnce,
  responsesWorkOnce,
  guessing,
  guessLimit,
  guessedPin,
  theft,
  stolenPin,
  past,
  pastWithTpm,
  waysBack,
  clock,
  limits,
  localSocket,
  floods,
  input,
  stacks,
  files,
  leaksOfSecrets,
  leakedPin,
  line,
  grace,
  wayBackIn,
  audit,
  server,
  serverWithin,
  comparison,
];
