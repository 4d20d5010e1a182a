// A token's secret as it stands on paper, in a file, or in its maker's list.

import { fromBase32 } from "../../words/base32.ts";

export const secretEncodings = ["base32", "hex"] as const;
export type SecretEncoding = (typeof secretEncodings)[number];

/** Undefined for what is written otherwise. Hexadecimal may be in groups, and begin with `0x` or `\x`. */
export function readSecret(text: string, encoding: SecretEncoding): Uint8Array | undefined {
  if (encoding === "base32") return fromBase32(text);
  const digits = text.replaceAll(/[\s:-]/g, "").replace(/^(0x|\\x)/i, "");
  return /^([0-9a-f]{2})+$/i.test(digits) ? Uint8Array.fromHex(digits) : undefined;
}
