// Authorizations (Part 1 §19). A password session with an empty password where nothing secret passes; for the secret a
// salted HMAC session that encrypts the first parameter, so that who listens on the bus between the processor and a
// separate chip hears nothing. It is no defence against who answers on that bus in the chip's place from the first join on.

import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  timingSafeEqual,
} from "node:crypto";
import type { Random } from "../../../words/random.ts";
import { malformed } from "./failures.ts";
import { empty, Reader, sized, uint8, uint16, uint32 } from "./marshal.ts";
import { type CommandCode, TPM_RH, TPMA_SESSION } from "./names.ts";

/** What a session does to the one command that it authorizes. */
export interface Session {
  /** The parameters as they go over the wire. */
  seal(parameters: Uint8Array): Uint8Array;
  /** TPMS_AUTH_COMMAND, over the parameters as they go over the wire. */
  authorization(code: CommandCode, names: readonly Uint8Array[], parameters: Uint8Array): Uint8Array;
  /** Checks TPMS_AUTH_RESPONSE and gives the parameters in clear. @throws TpmError when they are not the TPM's. */
  open(code: CommandCode, authorization: Reader, parameters: Uint8Array): Uint8Array;
}

/** TPM_RS_PW with the empty password (Part 1 §19.4). */
export const noPassword: Session = {
  seal: (parameters) => parameters,
  authorization: () => Buffer.concat([uint32(TPM_RH.PW), empty, uint8(TPMA_SESSION.continueSession), empty]),
  open(_code, authorization, parameters) {
    authorization.sized();
    authorization.uint8();
    authorization.sized();
    return parameters;
  },
};

export interface EccPoint {
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

export interface Salt {
  /** TPM2B_ENCRYPTED_SECRET */
  readonly encrypted: Uint8Array;
  readonly secret: Uint8Array;
}

const coordinateBytes = 32;

/** A secret for the holder of a P-256 key alone: one-pass ECDH (Part 1 C.6.1). @throws TpmError for a point off the curve. */
export function saltFor(key: EccPoint, random: Random): Salt {
  const ecdh = createECDH("prime256v1");
  // A scalar outside the group is one chance in 2^32: then another is drawn.
  for (let drawn = false; !drawn; ) {
    try {
      ecdh.setPrivateKey(random.bytes(coordinateBytes));
      drawn = true;
    } catch {
      drawn = false;
    }
  }
  const own = ecdh.getPublicKey();
  const x = own.subarray(1, 1 + coordinateBytes);
  const y = own.subarray(1 + coordinateBytes);
  let z: Uint8Array;
  try {
    z = ecdh.computeSecret(Buffer.concat([uint8(4), padded(key.x), padded(key.y)]));
  } catch {
    throw malformed("its key is not on the curve");
  }
  return { encrypted: sized(sized(x), sized(y)), secret: kdfE(z, "SECRET", x, padded(key.x)) };
}

export type Direction = "secret-in" | "secret-out";

/** The key of a salted, unbound session (Part 1 §19.6.8). */
export function sessionKey(salt: Salt, nonceTpm: Uint8Array, nonceCaller: Uint8Array): Uint8Array {
  return kdfA(salt.secret, "ATH", nonceTpm, nonceCaller, 256);
}

/**
 * An HMAC session for one command on an object with an empty password (Part 1 §19.6), which encrypts the command's or
 * the answer's first parameter with AES-128-CFB (Part 1 §21.3).
 */
export function hmacSession(
  handle: number,
  key: Uint8Array,
  nonceTpm: Uint8Array,
  nonceCaller: Uint8Array,
  direction: Direction,
): Session {
  const attributes = uint8(
    TPMA_SESSION.continueSession | (direction === "secret-in" ? TPMA_SESSION.decrypt : TPMA_SESSION.encrypt),
  );
  const hmac = (...parts: readonly Uint8Array[]) =>
    createHmac("sha256", key).update(Buffer.concat(parts)).digest();
  return {
    seal: (parameters) =>
      direction === "secret-in" ? crypted("encrypt", key, parameters, nonceCaller, nonceTpm) : parameters,
    authorization(code, names, parameters) {
      const cpHash = sha256(uint32(code), ...names, parameters);
      const proof = hmac(cpHash, nonceCaller, nonceTpm, attributes);
      return Buffer.concat([uint32(handle), sized(nonceCaller), attributes, sized(proof)]);
    },
    open(code, authorization, parameters) {
      const nonceNext = authorization.sized();
      const said = uint8(authorization.uint8());
      const proof = authorization.sized();
      const rpHash = sha256(uint32(0), uint32(code), parameters);
      const expected = hmac(rpHash, nonceNext, nonceCaller, said);
      if (proof.length !== expected.length || !timingSafeEqual(proof, expected))
        throw malformed("it was changed on its way");
      return direction === "secret-out"
        ? crypted("decrypt", key, parameters, nonceNext, nonceCaller)
        : parameters;
    },
  };
}

/** The content of the first parameter, a TPM2B, with the rest as it is. */
function crypted(
  way: "encrypt" | "decrypt",
  key: Uint8Array,
  parameters: Uint8Array,
  nonceNewer: Uint8Array,
  nonceOlder: Uint8Array,
): Uint8Array {
  const derived = kdfA(key, "CFB", nonceNewer, nonceOlder, 256);
  const [aesKey, iv] = [derived.subarray(0, 16), derived.subarray(16)];
  const reader = new Reader(parameters);
  const content = reader.sized();
  const cipher =
    way === "encrypt"
      ? createCipheriv("aes-128-cfb", aesKey, iv)
      : createDecipheriv("aes-128-cfb", aesKey, iv);
  return Buffer.concat([uint16(content.length), cipher.update(content), cipher.final(), reader.rest()]);
}

/** Part 1 §11.4.10.2, at most one block. */
function kdfA(key: Uint8Array, label: string, u: Uint8Array, v: Uint8Array, bits: 256): Uint8Array {
  const input = [uint32(1), Buffer.from(`${label}\0`, "ascii"), u, v, uint32(bits)];
  return createHmac("sha256", key).update(Buffer.concat(input)).digest();
}

/** Part 1 §11.4.10.3, one block. */
function kdfE(z: Uint8Array, use: string, u: Uint8Array, v: Uint8Array): Uint8Array {
  return sha256(uint32(1), z, Buffer.from(`${use}\0`, "ascii"), u, v);
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return createHash("sha256").update(Buffer.concat(parts)).digest();
}

/** A TPM may leave out leading zeros of a coordinate. */
function padded(coordinate: Uint8Array): Uint8Array {
  if (coordinate.length > coordinateBytes) throw malformed("its key is too long");
  return Buffer.concat([Buffer.alloc(coordinateBytes - coordinate.length), coordinate]);
}
