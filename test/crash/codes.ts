// RFC 4226 and RFC 6238 in a few lines that share nothing with the product.

import { createHmac } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function fromBase32(text: string): Buffer {
  let bits = "";
  for (const letter of text.replace(/=+$/, "")) bits += alphabet.indexOf(letter).toString(2).padStart(5, "0");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** Six digits. For TOTP the counter is the number of the time step. */
export function code(secret: string, counter: number): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac("sha1", fromBase32(secret)).update(message).digest();
  const offset = (mac[19] ?? 0) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Six digits that are no code of any counter near this one. */
export function wrongCode(secret: string, counter: number): string {
  const right = new Set(
    Array.from({ length: 81 }, (_, index) => code(secret, Math.max(0, counter - 40 + index))),
  );
  for (let guess = 0; ; guess++) {
    const text = String(guess).padStart(6, "0");
    if (!right.has(text)) return text;
  }
}
