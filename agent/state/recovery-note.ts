// What a machine needs to find its server again when its state or its key is lost: kept beside the state, not sealed by
// what may be lost. It opens nothing: under it the server gives new keys only along with a user's online MFA. Accepted
// risk: who can write in the agent's folder can name another server here, as they could replace the agent.

import { readFileSync } from "node:fs";
import * as v from "valibot";
import { base64Of } from "../../protocol/sync/encoding.ts";
import { writeWhole } from "./durable.ts";
import { serverRecordSchema } from "./shapes.ts";

const recoveryNoteSchema = v.strictObject({
  server: serverRecordSchema,
  /** Proves to the server that this is the machine it gave the key to. 32 bytes. */
  recoveryKey: base64Of(32),
});
export type RecoveryNote = v.InferOutput<typeof recoveryNoteSchema>;

/** Durable when it returns; mode 0600. */
export function writeRecoveryNote(path: string, note: RecoveryNote): void {
  writeWhole(path, `${JSON.stringify(note)}\n`);
}

/** Undefined for anything that is not a whole note: then the machine has to join again. */
export function readRecoveryNote(path: string): RecoveryNote | undefined {
  try {
    const note = v.safeParse(recoveryNoteSchema, JSON.parse(readFileSync(path, "utf8")));
    return note.success ? note.output : undefined;
  } catch {
    return undefined;
  }
}
