import type { Random } from "../words/random.ts";

/** What a person typed as a one-time code, without the spaces and hyphens that apps show it with. */
export function normaliseDigits(typed: string): string {
  return typed.replaceAll(/[\s-]/g, "");
}

/** True only for exactly `digits` ASCII digits. */
export function isCode(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9]+$/.test(text);
}

/** Evenly spread over all texts of that many digits. */
export function randomDigits(count: number, random: Random): string {
  let digits = "";
  while (digits.length < count)
    for (const byte of random.bytes(count))
      if (byte < 250 && digits.length < count) digits += String(byte % 10);
  return digits;
}
