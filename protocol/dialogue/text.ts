// Percent-encoded text, the third level of a dialogue line: bytes -> line -> words -> text. See protocol/dialogue.md, "Lines".

import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";

const plain = /^[A-Za-z0-9\-._~@:,/]$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function encodeText(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const letter = String.fromCharCode(byte);
    encoded += plain.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** Refuses a bad escape, a byte that should have been escaped, NUL, invalid UTF-8, and more than `maxBytes` decoded bytes. */
export function decodeText(encoded: string, maxBytes: number): Parsed<string> {
  const bytes = new Uint8Array(Math.min(encoded.length, maxBytes + 1));
  let length = 0;
  for (let at = 0; at < encoded.length; at++) {
    if (length >= maxBytes) return unparsed(`text is longer than ${maxBytes} bytes`);
    const letter = encoded.charAt(at);
    if (letter === "%") {
      const digits = encoded.slice(at + 1, at + 3);
      if (!/^[0-9A-F]{2}$/.test(digits)) return unparsed("bad escape");
      const byte = Number.parseInt(digits, 16);
      if (byte === 0) return unparsed("NUL in text");
      bytes[length++] = byte;
      at += 2;
    } else if (plain.test(letter)) {
      bytes[length++] = letter.charCodeAt(0);
    } else {
      return unparsed("a character that must be escaped");
    }
  }
  try {
    return parsed(utf8.decode(bytes.subarray(0, length)));
  } catch {
    return unparsed("text is not UTF-8");
  }
}
