// The ways to listen: with the admin's certificate, with one made on the spot, or without any on a loopback address.

import type { Logger } from "pino";
import type { Clock } from "../../words/clock.ts";
import { makeDevCertificate } from "../listen/dev-ca.ts";
import type { Tls } from "../listen/tls.ts";
import { TlsFiles } from "../listen/tls-files.ts";

export type Way =
  | { readonly kind: "files"; readonly cert: string; readonly key: string }
  | { readonly kind: "dev-ca" }
  | { readonly kind: "plain" };

export interface Transport {
  readonly tls: Tls | undefined;
  /** Of the development CA. */
  readonly caPath: string | undefined;
  /** Where the certificate is the admin's, and may be replaced. */
  readonly files: TlsFiles | undefined;
}

export async function openTransport(
  way: Way,
  tlsFolder: string,
  host: string,
  clock: Clock,
  log: Logger,
): Promise<Transport> {
  switch (way.kind) {
    case "files": {
      const files = new TlsFiles(way.cert, way.key, clock, log);
      return { tls: files.tls, caPath: undefined, files };
    }
    case "dev-ca": {
      const { caPath, ...tls } = await makeDevCertificate(tlsFolder, host);
      return { tls, caPath, files: undefined };
    }
    case "plain":
      return { tls: undefined, caPath: undefined, files: undefined };
  }
}
