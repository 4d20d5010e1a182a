// Everything that takes bytes from outside, as a list. The PAM module, in C, has a fuzzer of its own: scripts/pam/fuzz.

import { adminBody } from "./targets/admin-body.ts";
import { answers } from "./targets/answers.ts";
import { assignments } from "./targets/assignments.ts";
import { config } from "./targets/config.ts";
import { csvFile } from "./targets/csv-file.ts";
import { dialogue } from "./targets/dialogue.ts";
import { documents } from "./targets/documents.ts";
import { eventChain } from "./targets/event-chain.ts";
import { httpSignature } from "./targets/http-signature.ts";
import { joinToken } from "./targets/join-token.ts";
import { requests } from "./targets/requests.ts";
import { stateRows } from "./targets/state-rows.ts";

export const targets = [
  dialogue,
  config,
  joinToken,
  assignments,
  httpSignature,
  documents,
  requests,
  eventChain,
  answers,
  adminBody,
  stateRows,
  csvFile,
] as const;
