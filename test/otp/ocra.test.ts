// RFC 6287, appendix C: the reference implementation's values.

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ocraCode, ocraSuite } from "../../otp/ocra.ts";

const digits = "1234567890".repeat(7);
const key20 = Buffer.from(digits.slice(0, 20), "ascii");
const key32 = Buffer.from(digits.slice(0, 32), "ascii");
const key64 = Buffer.from(digits.slice(0, 64), "ascii");
const pinHash = createHash("sha1").update("1234").digest();
/** March 25 2008, 12:06:30 GMT, in minutes. */
const timeStep = 0x132d0b6;

const repeated = (digit: number) => String(digit).repeat(8);

describe("RFC 6287 appendix C.1, one-way challenge response", () => {
  const sha1 = "237653 243178 653583 740991 608993 388898 816933 224598 750600 294470".split(" ");
  test.each(sha1.map((code, digit) => [repeated(digit), code]))("SHA1-6:QN08 of %s", (question, code) => {
    expect(ocraCode(ocraSuite("OCRA-1:HOTP-SHA1-6:QN08"), key20, { question })).toBe(code);
  });

  const withCounterAndPin =
    "65347737 86775851 78192410 71565254 10104329 65983500 70069104 91771096 75011558 08522129".split(" ");
  test.each(withCounterAndPin.map((code, counter) => [counter, code] as const))(
    "SHA256-8:C-QN08-PSHA1 at counter %i",
    (counter, code) => {
      const suite = ocraSuite("OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1");
      expect(ocraCode(suite, key32, { counter, question: "12345678", pinHash })).toBe(code);
    },
  );

  const withPin = "83238735 01501458 17957585 86776967 86807031".split(" ");
  test.each(withPin.map((code, digit) => [repeated(digit), code]))(
    "SHA256-8:QN08-PSHA1 of %s",
    (question, code) => {
      const suite = ocraSuite("OCRA-1:HOTP-SHA256-8:QN08-PSHA1");
      expect(ocraCode(suite, key32, { question, pinHash })).toBe(code);
    },
  );

  const withCounter =
    "07016083 63947962 70123924 25341727 33203315 34205738 44343969 51946085 20403879 31409299".split(" ");
  test.each(withCounter.map((code, counter) => [counter, code] as const))(
    "SHA512-8:C-QN08 at counter %i",
    (counter, code) => {
      const suite = ocraSuite("OCRA-1:HOTP-SHA512-8:C-QN08");
      expect(ocraCode(suite, key64, { counter, question: repeated(counter) })).toBe(code);
    },
  );

  const withTime = "95209754 55907591 22048402 24218844 36209546".split(" ");
  test.each(withTime.map((code, digit) => [repeated(digit), code]))(
    "SHA512-8:QN08-T1M of %s",
    (question, code) => {
      const suite = ocraSuite("OCRA-1:HOTP-SHA512-8:QN08-T1M");
      expect(ocraCode(suite, key64, { question, timeStep })).toBe(code);
    },
  );
});

describe("RFC 6287 appendix C.2 and C.3, mutual challenge response and signature", () => {
  const suite = ocraSuite("OCRA-1:HOTP-SHA256-8:QA08");
  const server = "28247970 01984843 65387857 03351211 83412541".split(" ");
  // The two challenges together are longer than either: the suite's length is that of one.
  const both = { ...suite, question: { ...suite.question, mostLength: 16 } };
  test.each(server.map((code, at) => [`CLI2222${at}SRV1111${at}`, code]))("server, %s", (question, code) => {
    expect(ocraCode(both, key32, { question })).toBe(code);
  });

  const signed = "53095496 04110475 31331128 76028668 46554205".split(" ");
  test.each(signed.map((code, at) => [`SIG1${at}000`, code]))("signature of %s", (question, code) => {
    expect(ocraCode(suite, key32, { question })).toBe(code);
  });

  const timed = "77537423 31970405 10235557 95213541 65360607".split(" ");
  test.each(timed.map((code, at) => [`SIG1${at}00000`, code]))(
    "signature with time of %s",
    (question, code) => {
      const withTime = ocraSuite("OCRA-1:HOTP-SHA512-8:QA10-T1M");
      expect(ocraCode(withTime, key64, { question, timeStep })).toBe(code);
    },
  );
});

describe("what is no suite, or not its data, is refused", () => {
  test.each(["", "OCRA-2:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-SHA1-3:QN08", "OCRA-1:HOTP-SHA1-6:QN08-S064", "x"])(
    "suite %j",
    (name) => expect(() => ocraSuite(name)).toThrow(RangeError),
  );

  const suite = ocraSuite("OCRA-1:HOTP-SHA256-8:QN08-T1H");
  test.each([
    { question: "12345678" },
    { question: "123456789", timeStep: 1 },
    { question: "1234567a", timeStep: 1 },
    { question: "", timeStep: 1 },
    { question: "12345678", timeStep: 1, counter: 1 },
    { question: "12345678", timeStep: 1, pinHash },
  ])("data %j", (data) => expect(() => ocraCode(suite, key32, data)).toThrow(RangeError));
});
