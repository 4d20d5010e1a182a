// The join token `nlj1-SECRET-FINGERPRINT`: a counted, expiring secret and the server's identity in one string, so that
// joining authenticates both ways. The secret itself is never sent: the machine proves that it has it.

import { fromBase32, toBase32 } from "../../words/base32.ts";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import { hash } from "../crypto/keys.ts";
import { theSodium } from "../crypto/sodium.ts";

export interface JoinToken {
  /** 16 bytes, known to whoever was given the token. */
  readonly secret: Uint8Array;
  /** 16 bytes, `serverFingerprint` of the server that made it. */
  readonly serverFingerprint: Uint8Array;
}

export function formatJoinToken(token: JoinToken): string {
  return `nlj1-${toBase32(token.secret)}-${toBase32(token.serverFingerprint)}`;
}

export function parseJoinToken(text: string): Parsed<JoinToken> {
  const [version, secretText, fingerprintText, ...rest] = text.trim().split("-");
  if (version !== "nlj1" || rest.length > 0) return unparsed("a join token looks like nlj1-…-…");
  const secret = fromBase32(secretText ?? "");
  const serverFingerprint = fromBase32(fingerprintText ?? "");
  if (secret?.length !== 16 || serverFingerprint?.length !== 16)
    return unparsed("the join token is incomplete or mistyped");
  return parsed({ secret, serverFingerprint });
}

/** What the server looks a token up by; says nothing about the secret. Hex of 16 bytes. */
export function joinTokenId(secret: Uint8Array): string {
  return hash(16, "nightlatch/join-id/1", secret).toHex();
}

/** All that the server keeps of the secret: the key under which a machine's proof is checked. 32 bytes. */
export function joinProofKey(secret: Uint8Array): Uint8Array {
  return hash(32, "nightlatch/join-key/1", secret);
}

/** The proof that a machine which has lost its state is the one that joined, bound to the new keys. 32 bytes. */
export function recoveryProof(
  recoveryKey: Uint8Array,
  oldMachine: string,
  signingKey: Uint8Array,
  boxKey: Uint8Array,
): Uint8Array {
  const label = Buffer.from(`nightlatch/recovery-proof/1\0${oldMachine}\0`, "ascii");
  return theSodium().crypto_generichash(32, Buffer.concat([label, signingKey, boxKey]), recoveryKey);
}

/** The machine's proof that it holds the token, bound to the keys it joins with. 32 bytes. */
export function joinProof(proofKey: Uint8Array, signingKey: Uint8Array, boxKey: Uint8Array): Uint8Array {
  const message = Buffer.concat([Buffer.from("nightlatch/join-proof/1\0", "ascii"), signingKey, boxKey]);
  return theSodium().crypto_generichash(32, message, proofKey);
}
