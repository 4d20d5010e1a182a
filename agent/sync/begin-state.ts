// The first state under new keys, out of the server's answer to `join` or `recover`.

import { openSealed } from "../../protocol/crypto/sealed-box.ts";
import { openDocument, type SignedDocument } from "../../protocol/crypto/signed-document.ts";
import { machinePolicySchema } from "../../protocol/sync/documents.ts";
import { withServerTime } from "../policy/trusted-time.ts";
import type { NewMachine, StateKeeper } from "../state/keeper.ts";
import type { EventDraft } from "../state/outbox.ts";
import type { ServerRecord } from "../state/shapes.ts";
import type { Timekeeper } from "../state/timekeeper.ts";

export interface Beginning {
  readonly serverTimeMs: number;
  readonly machinePolicy: SignedDocument;
  readonly sealedRecoveryKey: string;
}

/** False, and nothing is changed, when the answer's parts are not for this machine by this server. */
export function beginState(
  keeper: StateKeeper,
  timekeeper: Timekeeper,
  machine: NewMachine,
  server: ServerRecord,
  answer: Beginning,
  event: EventDraft,
): boolean {
  const serverKey = Buffer.from(server.signingKey, "base64");
  const policy = openDocument("machine-policy", answer.machinePolicy, serverKey, machinePolicySchema);
  const sealed = Buffer.from(answer.sealedRecoveryKey, "base64");
  const recoveryKey = openSealed(machine.keys.identity.box, sealed);
  if (!policy.ok || policy.value.machine !== server.machine || recoveryKey?.length !== 32) return false;
  const reading = timekeeper.reading();
  const time = withServerTime(answer.serverTimeMs, reading);
  const { machinePolicy } = answer;
  keeper.begin({ machine, server, recoveryKey, machinePolicy, time, wallMs: reading.wallMs, event });
  return true;
}
