import { hashBackupCode, normaliseBackupCode } from "../../otp/backup-code.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Answer, Challenge } from "./answer.ts";

/**
 * Does the slow part, hashing what may be a backup code, before anything is read or judged. Text that can't be a backup
 * code costs nothing: its form is known to whoever typed it.
 */
export async function prepareAnswers(
  texts: readonly string[],
  authenticators: readonly Authenticator[],
  challenge: Challenge | undefined,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const text of texts) {
    const code = normaliseBackupCode(text);
    const backupHashes = new Map<string, Uint8Array>();
    for (const authenticator of authenticators)
      if (code !== undefined && authenticator.type === "backup-codes")
        backupHashes.set(
          authenticator.id,
          await hashBackupCode(code, Buffer.from(authenticator.salt, "base64")),
        );
    answers.push({ text, backupHashes, challenge });
  }
  return answers;
}
