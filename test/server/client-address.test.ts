// Whose request it is, and how many it may send.

import { describe, expect, it } from "vitest";
import { ClientAddresses, isAddressRange } from "../../server/listen/client-address.ts";
import { RequestLimit } from "../../server/listen/request-limit.ts";
import { FakeClock } from "./fixture.ts";

describe("the address of a request", () => {
  const addresses = new ClientAddresses(["10.0.0.1", "10.1.0.0/16", "fd00::/8"]);

  it.each([
    ["192.0.2.9", undefined, "192.0.2.9"],
    // A stranger's word about itself is nobody's word.
    ["192.0.2.9", "198.51.100.1", "192.0.2.9"],
    ["10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"],
    // Only what trusted proxies have added counts: read from the right.
    ["10.0.0.1", "127.0.0.1, 203.0.113.5, 198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "203.0.113.5, 198.51.100.1, 10.1.2.3", "198.51.100.1"],
    ["fd12::1", "2001:db8::7", "2001:db8::7"],
    ["10.0.0.1", "nonsense", "10.0.0.1"],
    ["10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["unknown", "198.51.100.1", "unknown"],
  ])("from %s with %j is %s", (connection, forwarded, expected) => {
    expect(addresses.of(connection, forwarded)).toBe(expected);
  });

  it("is the connection's where no proxy is trusted", () => {
    expect(new ClientAddresses([]).of("127.0.0.1", "198.51.100.1")).toBe("127.0.0.1");
  });

  it.each(["10.0.0.0/33", "10.0.0", "proxy", "::/129", "10.0.0.1/8/8", "10.0.0.1/", "/8", ""])(
    "%j is no range",
    (text) => expect(isAddressRange(text)).toBe(false),
  );
});

describe("the limit on requests", () => {
  const admitted = (limit: RequestLimit, address: string, count: number) =>
    Array.from({ length: count }, () => limit.admit(address)).filter((one) => one === "admitted").length;

  it("lets a minute's worth through at once, then as many as the time brings", () => {
    const clock = new FakeClock();
    const limit = new RequestLimit(clock, 60);
    expect(admitted(limit, "192.0.2.1", 100)).toBe(60);
    clock.pass(1_000);
    expect(admitted(limit, "192.0.2.1", 100)).toBe(1);
    clock.pass(3_600_000);
    expect(admitted(limit, "192.0.2.1", 100)).toBe(60);
  });

  it("is each address's own, of IPv6 each network's", () => {
    const limit = new RequestLimit(new FakeClock(), 2);
    for (const address of ["192.0.2.1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8:0:2::1"])
      expect(admitted(limit, address, 5)).toBe(2);
    for (const address of ["2001:db8:0:1::2", "2001:DB8:0:0001:ffff::", "2001:db8::1:0:0:0:1"])
      expect(admitted(limit, address, 5)).toBe(0);
  });

  it("is told once until the address has calmed down", () => {
    const clock = new FakeClock();
    const limit = new RequestLimit(clock, 1);
    const three = () => [1, 2, 3].map(() => limit.admit("192.0.2.1"));
    expect(three()).toEqual(["admitted", "refused-first", "refused"]);
    clock.pass(60_000);
    expect(three()).toEqual(["admitted", "refused-first", "refused"]);
  });

  it("keeps no more than so many addresses, and those that ask most the longest", () => {
    const limit = new RequestLimit(new FakeClock(), 1);
    limit.admit("192.0.2.1");
    for (let n = 0; n < 50_000; n++) {
      limit.admit(`2001:db8:${(n >> 8).toString(16)}:${(n & 0xff).toString(16)}::1`);
      if (n % 1_000 === 0) expect(limit.admit("192.0.2.1")).toMatch(/^refused/);
    }
    expect(limit.size).toBe(10_000);
  });

  it("is none at 0", () => {
    const limit = new RequestLimit(new FakeClock(), 0);
    expect(admitted(limit, "192.0.2.1", 5_000)).toBe(5_000);
    expect(limit.size).toBe(0);
  });
});
