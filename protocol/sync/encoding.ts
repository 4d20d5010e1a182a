import * as v from "valibot";

/** Standard base64 of exactly `bytes` bytes. */
export function base64Of(bytes: number) {
  return v.pipe(
    v.string(),
    v.base64(),
    v.length(Math.ceil(bytes / 3) * 4),
    v.check((text) => size(text) === bytes),
  );
}

/** Standard base64 of `minBytes` to `maxBytes` bytes. */
export function base64(maxBytes: number, minBytes = 0) {
  return v.pipe(
    v.string(),
    v.maxLength(Math.ceil(maxBytes / 3) * 4),
    v.base64(),
    v.check((text) => size(text) >= minBytes && size(text) <= maxBytes),
  );
}

/** Milliseconds since 1970, or a whole number that only counts up. */
export const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export function wholeNumberUpTo(most: number, least = 0) {
  const sentence = `give a whole number from ${least} to ${most}`;
  return v.pipe(
    v.number(sentence),
    v.integer(sentence),
    v.minValue(least, sentence),
    v.maxValue(most, sentence),
  );
}

function size(text: string): number {
  return Buffer.byteLength(text, "base64");
}
