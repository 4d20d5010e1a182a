// What a person has typed, for the server's eyes. All usual answers are as long as one another: whoever watches the line learns
// neither how long a PIN is nor whether it was a backup code.

import { sealTo } from "../../protocol/crypto/sealed-box.ts";

/** JSON may end with spaces. */
const blockBytes = 512;

export function sealAnswers(serverBoxKey: string, answers: readonly string[]): string {
  const content = Buffer.from(JSON.stringify(answers), "utf8");
  const padded = Buffer.alloc(Math.ceil(content.length / blockBytes) * blockBytes, " ");
  content.copy(padded);
  return sealTo(Buffer.from(serverBoxKey, "base64"), padded).toBase64();
}
