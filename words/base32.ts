// Base32 as in RFC 4648 without padding: for ids, fingerprints and secrets that people may have to read out.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Upper-case, unpadded. */
export function toBase32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((held >> bits) & 31);
      held &= (1 << bits) - 1;
    }
  }
  return bits === 0 ? text : text + alphabet.charAt((held << (5 - bits)) & 31);
}

/**
 * Reads what `toBase32` writes, in either case; spaces, hyphens and trailing padding are passed over.
 * Undefined for any other character, an impossible length, or left-over bits that are not zero.
 */
export function fromBase32(text: string): Uint8Array | undefined {
  const given = text.replaceAll(/[\s-]/g, "").replace(/=+$/, "");
  if (!/^[A-Za-z2-7]+$/.test(given) || [1, 3, 6].includes(given.length % 8)) return undefined;
  const letters = given.toUpperCase();
  const bytes = new Uint8Array(Math.floor((letters.length * 5) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const letter of letters) {
    held = (held << 5) | alphabet.indexOf(letter);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 255;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : undefined;
}
