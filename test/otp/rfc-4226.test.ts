// RFC 4226 Appendix D, with its intermediate values: what goes wrong in an HOTP shows in the step it goes wrong in.

import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hotpCode } from "../../otp/hotp.ts";
import { publishedKey } from "./keys.ts";

const table = [
  [0, "cc93cf18508d94934c64b65d8ba7667fb7cde4b0", "4c93cf18", 1284755224, "755224"],
  [1, "75a48a19d4cbe100644e8ac1397eea747a2d33ab", "41397eea", 1094287082, "287082"],
  [2, "0bacb7fa082fef30782211938bc1c5e70416ff44", "82fef30", 137359152, "359152"],
  [3, "66c28227d03a2d5529262ff016a1e6ef76557ece", "66ef7655", 1726969429, "969429"],
  [4, "a904c900a64b35909874b33e61c5938a8e15ed1c", "61c5938a", 1640338314, "338314"],
  [5, "a37e783d7b7233c083d4f62926c7a25f238d0316", "33c083d4", 868254676, "254676"],
  [6, "bc9cd28561042c83f219324d3c607256c03272ae", "7256c032", 1918287922, "287922"],
  [7, "a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", "4e5b397", 82162583, "162583"],
  [8, "1b3c89f65e6c9e883012052823443f048b4332db", "2823443f", 673399871, "399871"],
  [9, "1637409809a679dc698207310c8c7fc07290d9e5", "2679dc69", 645520489, "520489"],
] as const;

describe("RFC 4226 Appendix D", () => {
  const key = publishedKey("sha1", 6);

  test.each(table)("count %i: HMAC, truncation and code", (count, hmacHex, truncatedHex, decimal, code) => {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(count));
    const hmac = createHmac("sha1", key.secret).update(counter).digest();
    expect(hmac.toString("hex")).toBe(hmacHex);
    // Section 5.3: the low four bits of the last byte say where; the top bit is dropped.
    const truncated = hmac.readUInt32BE(hmac.readUInt8(19) & 0xf) & 0x7fffffff;
    expect(truncated.toString(16)).toBe(truncatedHex);
    expect(truncated).toBe(decimal);
    expect(hotpCode(key, count)).toBe(code);
    expect(code).toBe(String(decimal % 1_000_000).padStart(6, "0"));
  });

  test.each(table)("count %i: seven and eight digits are more of the same number", (count, ...row) => {
    const decimal = row[2];
    expect(hotpCode(publishedKey("sha1", 7), count)).toBe(String(decimal % 10_000_000).padStart(7, "0"));
    expect(hotpCode(publishedKey("sha1", 8), count)).toBe(String(decimal % 100_000_000).padStart(8, "0"));
  });

  test("a code that begins with zeros keeps them", () => {
    expect(hotpCode(key, 30)).toBe("026920");
    expect(hotpCode(key, 44)).toBe("000152");
  });

  test("a counter beyond 32 bits goes into the HMAC whole", () => {
    expect(hotpCode(key, 2 ** 32)).toBe("999456");
    expect(hotpCode(key, 2 ** 32 + 1)).toBe("108930");
  });
});
