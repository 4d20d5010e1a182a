import { hashBackupCode, normaliseBackupCode } from "../../otp/backup-code.ts";
import type { Answer, Challenge } from "./answer.ts";
import type { Hashing } from "./hashing.ts";
import { type Bundled, hashTypedPins } from "./masked.ts";

/**
 * Does the slow part, hashing what may be a backup code or has a PIN in it, before anything is read or judged. Text that can't
 * be a backup code costs nothing: its form is known to whoever typed it.
 */
export async function prepareAnswers(
  texts: readonly string[],
  bundled: Bundled | undefined,
  challenge: Challenge | undefined,
  hashing: Hashing,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const text of texts) {
    const code = normaliseBackupCode(text);
    const backupHashes = new Map<string, Uint8Array>();
    for (const authenticator of bundled?.authenticators ?? [])
      if (code !== undefined && authenticator.type === "backup-codes") {
        const salt = Buffer.from(authenticator.salt, "base64");
        backupHashes.set(authenticator.id, await hashing.run(() => hashBackupCode(code, salt)));
      }
    const pins = bundled === undefined ? [] : await hashTypedPins(text, bundled, hashing);
    answers.push({ text, backupHashes, challenge, pins });
  }
  return answers;
}
