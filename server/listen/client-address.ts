// Whose request it is: the other end of the connection, or, where that is a proxy the admin trusts, whom the proxy names.

import { BlockList, isIP } from "node:net";

/** `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`. */
export function isAddressRange(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

export class ClientAddresses {
  readonly #trusted = new BlockList();

  /** `trustedProxies`: as `isAddressRange` takes them. */
  constructor(trustedProxies: readonly string[]) {
    for (const range of trustedProxies) {
      const [address = "", bits] = range.split("/");
      const family = isIP(address) === 4 ? "ipv4" : "ipv6";
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /**
   * Read from the right, since each proxy adds whom it heard, and what stands further left is the asker's own text. The
   * first address that is no trusted proxy is the one; anything that is no address ends the search.
   */
  of(connection: string, forwardedFor: string | undefined): string {
    let address = bare(connection);
    const named = (forwardedFor ?? "").slice(-1_024).split(",").toReversed();
    for (const text of named) {
      if (!this.#isTrusted(address)) break;
      const next = bare(text.trim());
      if (isIP(next) === 0) break;
      address = next;
    }
    return address;
  }

  #isTrusted(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 4 ? "ipv4" : "ipv6");
  }
}

/** IPv4 as IPv4, also where a socket for both shows it as `::ffff:10.0.0.7`; without a zone. */
function bare(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "").replace(/%.*$/, "");
}
