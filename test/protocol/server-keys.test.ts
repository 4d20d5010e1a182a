// The way from a server key that is known to the newest, against whoever has stolen every key before the one that is known,
// and may put together, cut, repeat and reorder what there is.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { systemRandom } from "../../platform/random.ts";
import {
  deriveIdentity,
  type Identity,
  publicIdentity,
  serverFingerprint,
} from "../../protocol/crypto/keys.ts";
import { type SignedDocument, signDocument } from "../../protocol/crypto/signed-document.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import type { ServerKey } from "../../protocol/sync/documents.ts";
import { followFromFingerprint, followServerKeys } from "../../protocol/sync/server-keys.ts";

const length = 6;
let real: Identity[];
let chain: SignedDocument[];
/** The attacker's own keys. */
let own: Identity[];

const keyOf = (one: Identity) => one.signing.publicKey.toBase64();

function link(by: Identity, before: Identity, next: Identity, number: number): SignedDocument {
  const content: ServerKey = {
    number,
    issuedAtMs: 1,
    previousSigningKey: keyOf(before),
    previousBoxKey: before.box.publicKey.toBase64(),
    signingKey: keyOf(next),
    boxKey: next.box.publicKey.toBase64(),
    previousEndsAtMs: 2,
  };
  return signDocument("server-key", content, by.signing.privateKey);
}

beforeAll(async () => {
  await loadSodium();
  const make = () => deriveIdentity(systemRandom.bytes(32));
  real = Array.from({ length: length + 1 }, make);
  own = Array.from({ length: 3 }, make);
  chain = real.slice(1).map((next, at) => link(real[at] as Identity, real[at] as Identity, next, at + 1));
});

/** What a list of numbers stands for: links of the chain, and of the attacker's making with all keys before `known`. */
function made(picks: readonly (readonly number[])[], known: number): SignedDocument[] {
  const stolen = [...real.slice(0, known), ...own];
  const all = [...real, ...own];
  const of = <T>(list: readonly T[], at: number) => list[at % list.length] as T;
  return picks.map(([what = 0, by = 0, before = 0, next = 0, number = 0]) => {
    if (what < 6) return of(chain, by);
    const forged = link(of(stolen, by), of(all, before), of(all, next), number % (length + 3));
    if (what < 9) return forged;
    // The words of one link, the signature of another.
    const other = of(chain, next);
    return what === 9
      ? { payload: forged.payload, signature: other.signature }
      : { payload: other.payload, signature: forged.signature };
  });
}

const pick = fc.tuple(...Array.from({ length: 5 }, (_, at) => fc.nat(at === 0 ? 10 : 20)));

describe("whoever has all keys before the one that is known", () => {
  it("leads nobody to a key that is not the server's", () => {
    let led = 0;
    fc.assert(
      fc.property(fc.nat(length), fc.nat(2), fc.array(pick, { maxLength: 8 }), (known, honest, picks) => {
        const documents = [...chain.slice(known, known + honest), ...made(picks, known)];
        const at = { number: known, signingKey: keyOf(real[known] as Identity) };
        const followed = followServerKeys(at, documents);
        for (const [step, key] of (followed ?? []).entries()) {
          expect(key.number).toBe(known + step + 1);
          expect(key.signingKey).toBe(keyOf(real[key.number] as Identity));
          led += 1;
        }
      }),
      { numRuns: 3_000 },
    );
    // Some lists were good: else this would show nothing.
    expect(led).toBeGreaterThan(50);
  });

  it("leads nobody from a fingerprint, as a join token has it", () => {
    fc.assert(
      fc.property(fc.nat(length), fc.array(pick, { maxLength: 8 }), (known, picks) => {
        const fingerprint = serverFingerprint(publicIdentity(real[known] as Identity));
        for (const key of followFromFingerprint(fingerprint, made(picks, known)) ?? [])
          expect(key.signingKey).toBe(keyOf(real[key.number] as Identity));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a chain", () => {
  const from = (known: number, documents: readonly SignedDocument[]) =>
    followServerKeys({ number: known, signingKey: keyOf(real[known] as Identity) }, documents)?.map(
      ({ number }) => number,
    );

  it("is followed from anywhere, over what is old news", () => {
    for (let known = 0; known <= length; known++)
      expect(from(known, chain)).toEqual(Array.from({ length: length - known }, (_, at) => known + at + 1));
  });

  it("that lacks a link, repeats one, turns round or goes in a circle leads nowhere", () => {
    const [one, two, three, ...more] = chain as [SignedDocument, SignedDocument, SignedDocument];
    expect(from(0, [one, three, ...more])).toBeUndefined();
    expect(from(0, [two, three])).toBeUndefined();
    expect(from(0, [one, one, two])).toBeUndefined();
    expect(from(0, [one, two, two])).toBeUndefined();
    expect(from(0, [two, one])).toBeUndefined();
    expect(from(0, chain.toReversed())).toBeUndefined();
    expect(from(0, [one, two, three, ...more, ...chain])).toBeUndefined();
  });

  it("that is cut short leads as far as it goes, and no machine back", () => {
    expect(from(0, chain.slice(0, 2))).toEqual([1, 2]);
    expect(from(4, chain.slice(0, 2))).toEqual([]);
  });
});
