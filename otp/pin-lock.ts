// The key that only a PIN opens, by which the server knows a right PIN and a machine reads the seeds in its cache. A machine
// has nothing to test a PIN by: every PIN gives a key, every key gives seeds, and of seeds of chance none looks more right than
// another. See docs/decisions/0036.
//
// Behind the PIN stands a word of chance that is never kept. What is kept is the difference between the two, character by
// character. A changed PIN changes the difference alone: key and masked seeds stay, so that an old and a new cache together hold no
// second mask of one seed, which would tell both PINs.

import { argon2, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Random } from "../words/random.ts";
import { mostPinLength } from "./pin.ts";

/** Cost of one Argon2id hash, RFC 9106: memory in KiB, passes; one lane. */
export interface PinCost {
  readonly memory: number;
  readonly passes: number;
}

/** What new PINs are hashed with, and the least that either side takes. */
export const pinCost: PinCost = { memory: 19_456, passes: 2 };
/** The most that a server may ask of a machine. */
export const mostPinCost: PinCost = { memory: 65_536, passes: 4 };

export const pinSaltBytes = 16;

/** Nothing of it says what the PIN is, or how long. */
export interface PinLock {
  readonly salt: Uint8Array;
  /** A symbol for each character that a PIN may have. */
  readonly difference: Uint8Array;
  readonly cost: PinCost;
}

// A symbol is a value of ten and a kind of eight, each with its own arithmetic: between two PINs of digits nothing but the
// difference of their digits, modulo ten, can be seen. Kind 0: digits; 1 to 6: letters; 7: no character.
const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const values = 10;
const kinds = 8;
export const pinSymbols = values * kinds;
const nothing = 7 * values;

/** A lock of chance, and the key in it, which is what `openPin` gives for this PIN and hardly for any other. */
export async function lockPin(
  pin: string,
  random: Random,
): Promise<{ readonly lock: PinLock; readonly key: Uint8Array }> {
  const word = chanceWord(random);
  const lock = { salt: random.bytes(pinSaltBytes), difference: differenceOf(word, pin), cost: pinCost };
  return { lock, key: await openPin(pin, lock) };
}

/** The same lock for another PIN: the key in it stays. Only whoever knows the old PIN can do this. */
export function changeLock(lock: PinLock, oldPin: string, newPin: string): PinLock {
  const word = wordOf(lock.difference, oldPin);
  if (word === undefined) throw new RangeError("not a PIN");
  return { ...lock, difference: differenceOf(word, newPin) };
}

/** A key for every text: the right one for the right PIN. The same work whatever the text is. */
export function openPin(typed: string, { salt, difference, cost }: PinLock): Promise<Uint8Array> {
  const word = wordOf(difference, typed);
  // What no PIN can be comes to a key of its own.
  const message = word ?? Buffer.from(`\xff${typed}`, "utf8");
  const options = {
    memory: cost.memory,
    passes: cost.passes,
    parallelism: 1,
    message,
    nonce: salt,
    tagLength: 32,
  };
  return new Promise((resolve, reject) => {
    argon2("argon2id", options, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

export function isPinKey(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/**
 * Masks a seed, or takes the mask off. All of a user's seeds are under one stream: a token that is taken away and given again
 * is under the same mask again, not under two.
 */
export function maskSeed(key: Uint8Array, seed: Uint8Array): Uint8Array {
  const stream = new Uint8Array(hkdfSync("sha512", key, "", "nightlatch/pin-mask/1", seed.length));
  return seed.map((byte, at) => byte ^ (stream[at] ?? 0));
}

/**
 * Whether a seed shows no sign of having been made up or written out by somebody: such a one would tell the right PIN from
 * the wrong ones, which give seeds of chance. Of those that are made here, of 20 bytes, about one in a million is taken for one.
 */
export function looksLikeChance(seed: Uint8Array): boolean {
  const bytes = [...seed];
  const steps = new Set(bytes.slice(1).map((byte, at) => (byte - (bytes[at] ?? 0) + 256) % 256));
  const text = bytes.every((byte) => byte < 0x80);
  return !text && new Set(bytes).size > seed.length / 2 && steps.size > seed.length / 2;
}

/** Eight symbols, evenly spread. */
function chanceWord(random: Random): Uint8Array {
  const word: number[] = [];
  while (word.length < mostPinLength)
    for (const byte of random.bytes(mostPinLength))
      if (byte < 3 * pinSymbols && word.length < mostPinLength) word.push(byte % pinSymbols);
  return Uint8Array.from(word);
}

function symbols(pin: string): number[] | undefined {
  if (pin.length > mostPinLength) return undefined;
  const all = Array.from({ length: mostPinLength }, (_, at) =>
    at < pin.length ? letters.indexOf(pin.charAt(at)) : nothing,
  );
  return all.includes(-1) ? undefined : all;
}

function differenceOf(word: Uint8Array, pin: string): Uint8Array {
  const typed = symbols(pin);
  if (typed === undefined) throw new RangeError("not a PIN");
  return word.map((symbol, at) => combine(symbol, typed[at] ?? nothing, -1));
}

function wordOf(difference: Uint8Array, pin: string): Uint8Array | undefined {
  const typed = symbols(pin);
  return typed && difference.map((symbol, at) => combine(symbol, typed[at] ?? nothing, 1));
}

function combine(one: number, other: number, sign: 1 | -1): number {
  const value = ((one % values) + sign * (other % values) + values) % values;
  const kind = (Math.floor(one / values) + sign * Math.floor(other / values) + kinds) % kinds;
  return kind * values + value;
}
