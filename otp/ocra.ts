// OCRA, RFC 6287: a code computed from a challenge and whatever else a suite names. Pure. Session data (`S`) is left out:
// no suite here has it.

import { createHmac } from "node:crypto";
import type { Algorithm } from "./hotp.ts";

/** What a suite's name says (RFC 6287 section 6). */
export interface OcraSuite {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly digits: number;
  readonly counter: boolean;
  readonly question: { readonly format: "A" | "N" | "H"; readonly mostLength: number };
  readonly pin: Algorithm | undefined;
  /** Seconds of one time step; undefined when time has no part in it. */
  readonly stepSeconds: number | undefined;
}

/** Each part is given exactly when the suite names it. */
export interface OcraData {
  readonly question: string;
  readonly counter?: number;
  /** Hashed with the suite's algorithm. */
  readonly pinHash?: Uint8Array;
  /** Time steps since 1970. */
  readonly timeStep?: number;
}

const secondsOf = { S: 1, M: 60, H: 3_600 } as const;
const questionBytes = 128;

/** @throws RangeError for a name that is no suite, or one of those left out here. */
export function ocraSuite(name: string): OcraSuite {
  const found =
    /^OCRA-1:HOTP-SHA(1|256|512)-([4-9]|10):(C-)?Q([ANH])(\d\d)(?:-PSHA(1|256|512))?(?:-T(\d{1,2})([SMH]))?$/.exec(
      name,
    );
  if (found === null) throw new RangeError(`not an OCRA suite: ${name}`);
  const [, hash, digits, counter, format, mostLength, pin, steps, unit] = found;
  return {
    name,
    algorithm: `sha${hash}` as Algorithm,
    digits: Number(digits),
    counter: counter !== undefined,
    question: { format: format as "A" | "N" | "H", mostLength: Number(mostLength) },
    pin: pin === undefined ? undefined : (`sha${pin}` as Algorithm),
    stepSeconds: steps === undefined ? undefined : Number(steps) * secondsOf[unit as "S" | "M" | "H"],
  };
}

/** The code of RFC 6287 section 5.2. @throws RangeError when the data are not those that the suite names. */
export function ocraCode(suite: OcraSuite, key: Uint8Array, data: OcraData): string {
  const hmac = createHmac(suite.algorithm, key).update(dataInput(suite, data)).digest();
  const offset = (hmac.at(-1) ?? 0) & 0xf;
  const truncated = hmac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** suite.digits).padStart(suite.digits, "0");
}

/**
 * Section 5.1: the suite's name, a zero byte, then each part at its fixed length. Accepted, since the RFC has it so: a
 * number and sixteen times that number can be the same question, as leading zeros of its hexadecimal form are dropped.
 */
function dataInput(suite: OcraSuite, data: OcraData): Uint8Array {
  const given = [data.counter !== undefined, data.pinHash !== undefined, data.timeStep !== undefined];
  const wanted = [suite.counter, suite.pin !== undefined, suite.stepSeconds !== undefined];
  if (given.join() !== wanted.join()) throw new RangeError(`not the data of ${suite.name}`);
  const parts: Uint8Array[] = [Buffer.from(`${suite.name}\0`, "ascii")];
  if (data.counter !== undefined) parts.push(eightBytes(data.counter));
  parts.push(questionInput(suite.question, data.question));
  if (data.pinHash !== undefined) parts.push(data.pinHash);
  if (data.timeStep !== undefined) parts.push(eightBytes(data.timeStep));
  return Buffer.concat(parts);
}

/** A number goes in as its hexadecimal digits, left-aligned; the rest of 128 bytes is zero. */
function questionInput({ format, mostLength }: OcraSuite["question"], question: string): Uint8Array {
  const form = { A: /^[\x21-\x7e]+$/, N: /^\d+$/, H: /^[0-9A-Fa-f]+$/ }[format];
  if (question.length < 4 || question.length > mostLength || !form.test(question))
    throw new RangeError("not a question of this suite");
  if (format === "A") return padded(Buffer.from(question, "ascii"));
  const hex = format === "N" ? BigInt(question).toString(16) : question;
  return padded(Buffer.from(hex.length % 2 === 0 ? hex : `${hex}0`, "hex"));
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(questionBytes);
  whole.set(bytes);
  return whole;
}

function eightBytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
