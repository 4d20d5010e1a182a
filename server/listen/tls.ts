// Certificate and key of the listener: read together, and good only together.

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { Failure } from "../failure.ts";

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** @throws Failure when a file can't be read, is no PEM, or the two don't belong together. */
export function readTls(certPath: string, keyPath: string): Tls {
  const tls = { cert: read(certPath), key: read(keyPath) };
  try {
    createSecureContext(tls);
  } catch {
    // OpenSSL's own words name neither file, and could hold bytes of the key.
    throw new Failure("invalid", `${certPath} and ${keyPath} are no certificate and key that go together`);
  }
  return tls;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Failure("invalid", `${path} can't be read: ${(error as NodeJS.ErrnoException).code ?? "?"}`);
  }
}
