// Certificates for a hostile line: made once a run by openssl, for loopback only.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeed } from "../../scripts/parts/program.ts";

export const certificateNames = ["good", "stranger", "expired", "other-name", "only-localhost"] as const;
export type CertificateName = (typeof certificateNames)[number];

export interface Certificates {
  /** The authority that the agents are told to trust: a rogue CA, or a company's interceptor. */
  readonly caFile: string;
  readonly pairs: Readonly<Record<CertificateName, { readonly cert: Buffer; readonly key: Buffer }>>;
}

const keyFlags = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256".split(" ");

async function authority(folder: string, name: string): Promise<void> {
  const flags = ["req", "-x509", ...keyFlags, "-days", "30", "-subj", `/CN=${name}`];
  await succeed([
    "openssl",
    ...flags,
    "-keyout",
    join(folder, `${name}.key`),
    "-out",
    join(folder, `${name}.pem`),
  ]);
}

async function leaf(folder: string, name: string, ca: string, names: string, days: string): Promise<void> {
  const at = (suffix: string) => join(folder, `${name}${suffix}`);
  const subject = ["-subj", "/CN=nightlatch-server"];
  await succeed(["openssl", "req", ...keyFlags, ...subject, "-keyout", at(".key"), "-out", at(".csr")]);
  writeFileSync(at(".ext"), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
  const by = ["-CA", join(folder, `${ca}.pem`), "-CAkey", join(folder, `${ca}.key`), "-CAcreateserial"];
  const to = ["-in", at(".csr"), "-out", at(".pem"), "-extfile", at(".ext"), "-days", days];
  await succeed(["openssl", "x509", "-req", "-sha256", ...by, ...to]);
}

export async function makeCertificates(folder: string): Promise<Certificates> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await authority(folder, "trusted");
  await authority(folder, "unknown");
  const here = "IP:127.0.0.1,DNS:localhost";
  await leaf(folder, "good", "trusted", here, "30");
  await leaf(folder, "stranger", "unknown", here, "30");
  // A validity of less than a day that lies in the past: openssl counts a negative one backwards.
  await leaf(folder, "expired", "trusted", here, "-1");
  await leaf(folder, "other-name", "trusted", "DNS:mfa.corp.example", "30");
  // What is asked by its number must not be judged by the name that stands in for none.
  await leaf(folder, "only-localhost", "trusted", "DNS:localhost", "30");
  const read = (name: string) => ({
    cert: readFileSync(join(folder, `${name}.pem`)),
    key: readFileSync(join(folder, `${name}.key`)),
  });
  return {
    caFile: join(folder, "trusted.pem"),
    pairs: {
      good: read("good"),
      stranger: read("stranger"),
      expired: read("expired"),
      "other-name": read("other-name"),
      "only-localhost": read("only-localhost"),
    },
  };
}
