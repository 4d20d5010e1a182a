import { X509Certificate } from "node:crypto";

/** Empty, or one or more certificates in PEM. */
export function isCertificate(pem: string): boolean {
  if (pem === "") return true;
  const each = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  try {
    return each?.every((one) => new X509Certificate(one).raw.length > 0) ?? false;
  } catch {
    return false;
  }
}
