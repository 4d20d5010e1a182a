import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { machineId, publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import {
  formatJoinToken,
  joinProof,
  joinProofKey,
  joinTokenId,
  parseJoinToken,
} from "../../protocol/sync/join-token.ts";
import { flipped, machine, otherMachine, otherServer, publicOf, seed, server } from "./identities.ts";

const token = { secret: seed(1, 16), serverFingerprint: serverFingerprint(publicOf(server)) };
const text = formatJoinToken(token);

describe("a join token", () => {
  test("comes back as it was", () => {
    expect(text).toMatch(/^nlj1-[A-Z2-7]{26}-[A-Z2-7]{26}$/);
    expect(parseJoinToken(text)).toEqual({ ok: true, value: token });
    const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(sixteen, sixteen, (secret, fingerprint) => {
        const any = { secret, serverFingerprint: fingerprint };
        expect(parseJoinToken(formatJoinToken(any))).toEqual({ ok: true, value: any });
      }),
    );
  });

  test("may be typed in lower case and with white space around", () => {
    for (const typed of [text.toLowerCase(), ` ${text}`, `${text}\n`, `\t${text.toLowerCase()}\r\n`])
      expect(parseJoinToken(typed)).toEqual({ ok: true, value: token });
  });

  test.each([
    "",
    "nlj1",
    "nlj1-",
    "nlj1--",
    `nlj2${text.slice(4)}`,
    `nlj${text.slice(4)}`,
    `NLJ1${text.slice(4)}`,
    `xnlj1${text.slice(4)}`,
    text.slice(5),
    text.slice(0, -1),
    text.slice(0, -27),
    `${text}A`,
    `${text}-A`,
    `${text}-`,
    text.replace("-", "_"),
    text.replaceAll("-", ""),
    `${text} ${text}`,
    `${text.slice(0, 10)}0${text.slice(11)}`,
    `${text.slice(0, 10)}1${text.slice(11)}`,
    `${text.slice(0, 10)}ß${text.slice(12)}`,
    "https://example.com",
  ])("%j is none", (typed) => {
    expect(parseJoinToken(typed).ok).toBe(false);
  });

  test("with one letter mistyped is refused or another token: never taken for this one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: text.length - 1 }),
        fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZ2345670189-"),
        (at, letter) => {
          fc.pre(text.charAt(at) !== letter);
          const typed = parseJoinToken(text.slice(0, at) + letter + text.slice(at + 1));
          if (typed.ok) expect(formatJoinToken(typed.value)).not.toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("is never repeated in the error", () => {
    const typed = parseJoinToken(`${text}A`);
    expect(!typed.ok && typed.error).not.toContain(text.slice(5, 20));
  });
});

describe("the machine's proof", () => {
  const key = joinProofKey(token.secret);
  const { signingKey, boxKey } = publicIdentity(machine);
  const proof = joinProof(key, signingKey, boxKey);

  test("is 32 bytes and the same each time", () => {
    expect(proof).toHaveLength(32);
    expect(joinProof(joinProofKey(seed(1, 16)), signingKey, boxKey)).toEqual(proof);
  });

  test("changes with any one bit of the secret and of each key", () => {
    fc.assert(
      fc.property(fc.nat(127), fc.nat(255), (secretBit, keyBit) => {
        expect(joinProof(joinProofKey(flipped(token.secret, secretBit)), signingKey, boxKey)).not.toEqual(
          proof,
        );
        expect(joinProof(key, flipped(signingKey, keyBit), boxKey)).not.toEqual(proof);
        expect(joinProof(key, signingKey, flipped(boxKey, keyBit))).not.toEqual(proof);
      }),
    );
  });

  test("is not the same with the keys swapped", () => {
    expect(joinProof(key, boxKey, signingKey)).not.toEqual(proof);
  });

  test("cannot be made from what is sent: id, proof key and secret are unlike one another", () => {
    const id = joinTokenId(token.secret);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const hex = [id, Buffer.from(key).toString("hex"), Buffer.from(token.secret).toString("hex")];
    for (const one of hex)
      for (const other of hex) if (one !== other) expect(one.includes(other)).toBe(false);
    expect(joinTokenId(flipped(token.secret, 0))).not.toBe(id);
  });
});

describe("names made of public keys", () => {
  test("a machine's id and a server's fingerprint change with each of the two keys", () => {
    const all = [
      machine,
      otherMachine,
      { ...machine, box: otherMachine.box },
      { ...machine, signing: otherMachine.signing },
    ].map(publicOf);
    expect(new Set(all.map(machineId)).size).toBe(4);
    const servers = [
      server,
      otherServer,
      { ...server, box: otherServer.box },
      { ...server, signing: otherServer.signing },
    ].map(publicOf);
    expect(new Set(servers.map((one) => Buffer.from(serverFingerprint(one)).toString("hex"))).size).toBe(4);
  });

  test("the same keys have another name as a machine than as a server", () => {
    const { signingKey, boxKey } = publicOf(machine);
    const swapped = { signingKey: boxKey, boxKey: signingKey };
    expect(machineId(swapped)).not.toBe(machineId(publicOf(machine)));
    expect(machineId(publicOf(machine))).toMatch(/^[A-Z2-7]{32}$/);
    expect(serverFingerprint(publicOf(machine))).toHaveLength(16);
  });
});
