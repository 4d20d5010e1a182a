// Certificate and key of the listener: read together, and good only together.

import { X509Certificate } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
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

/** Of chains with a key, by far. */
const mostBytes = 2 ** 20;

function read(path: string): Buffer {
  let file: number | undefined;
  try {
    // A pipe that nobody writes to is not waited for.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = fstatSync(file);
    if (!found.isFile()) throw new Failure("invalid", `${path} is not a file`);
    if (found.size > mostBytes) throw new Failure("invalid", `${path} is larger than ${mostBytes} bytes`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure("invalid", `${path} can't be read: ${(error as NodeJS.ErrnoException).code ?? "?"}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** From when until when clients take the first certificate, in milliseconds since 1970; undefined where it can't be told. */
export function validity({ cert }: Pick<Tls, "cert">): { fromMs: number; untilMs: number } | undefined {
  try {
    const { validFrom, validTo } = new X509Certificate(cert);
    const [fromMs, untilMs] = [Date.parse(validFrom), Date.parse(validTo)];
    return Number.isNaN(fromMs + untilMs) ? undefined : { fromMs, untilMs };
  } catch {
    return undefined;
  }
}
