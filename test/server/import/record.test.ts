import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseColumnMap } from "../../../server/import/columns.ts";
import { type Cells, fields, readRecord } from "../../../server/import/record.ts";
import { toBase32 } from "../../../words/base32.ts";

const secret = new Uint8Array(20).fill(7);
const read = (cells: Cells, encoding: "base32" | "hex" = "base32") =>
  readRecord({ line: 3, cells: { name: "alice", ...cells } }, encoding);
const keysOf = (cells: Cells, encoding: "base32" | "hex" = "base32") => {
  const record = read(cells, encoding);
  if (!record.ok) throw new Error(JSON.stringify(record.faults));
  return record.user.keys;
};

describe("a record", () => {
  it("says only what its cells say", () => {
    expect(read({ displayName: "", groups: "", disabled: "", secret: "" })).toEqual({
      ok: true,
      user: {
        line: 3,
        name: "alice",
        displayName: null,
        groups: null,
        addresses: [],
        disabled: null,
        keys: [],
        pin: null,
        externalId: null,
      },
    });
  });

  it("names every fault it has, and its column", () => {
    const record = read({
      name: " x",
      groups: "-",
      email: "x",
      phone: "1",
      disabled: "maybe",
      secret: "###",
      displayName: "a\u0007",
    });
    expect(record.ok ? [] : record.faults.map(({ line, field }) => [line, field])).toEqual([
      [3, "name"],
      [3, "displayName"],
      [3, "groups"],
      [3, "email"],
      [3, "phone"],
      [3, "disabled"],
      [3, "secret"],
    ]);
  });

  it("never says what stood in a cell", () => {
    const marked = fc.string({ minLength: 4 }).map((text) => `Zq7${text}x9Q`);
    fc.assert(
      fc.property(
        fc.constantFrom(...fields),
        marked,
        fc.constantFrom("base32", "hex"),
        (field, text, encoding) => {
          const record = read({ secret: toBase32(secret), [field]: text }, encoding as "hex");
          if (!record.ok) expect(JSON.stringify(record.faults)).not.toContain("Zq7");
        },
      ),
    );
  });

  it("takes groups parted by any of the usual signs, each once", () => {
    const record = read({ groups: "staff| vpn ;ops,staff" });
    expect(record.ok && record.user.groups).toEqual(["staff", "vpn", "ops"]);
  });
});

describe("a secret", () => {
  it("is base32 in any of the ways people write it, or hexadecimal where that is said", () => {
    const text = toBase32(secret);
    const spaced = text.toLowerCase().replaceAll(/(.{4})/g, "$1 ");
    for (const given of [text, spaced]) expect(keysOf({ secret: given })[0]?.secret).toEqual(secret);
    for (const given of [secret.toHex(), secret.toHex().toUpperCase(), `0x${secret.toHex()}`])
      expect(keysOf({ secret: given }, "hex")[0]?.secret).toEqual(secret);
    expect(read({ secret: secret.toHex() }).ok).toBe(false);
  });

  it("comes with its parameters beside it", () => {
    const cells = {
      secret: toBase32(secret),
      type: "HOTP",
      algorithm: "HMAC-SHA-256",
      digits: "8",
      counter: "9",
    };
    expect(keysOf(cells)).toEqual([{ type: "hotp", secret, algorithm: "sha256", digits: 8, counter: 9 }]);
  });

  it("or in an otpauth URI, of which there may be several", () => {
    const uris = `otpauth://totp/N:alice?secret=${toBase32(secret)}&period=60
      otpauth://hotp/alice?secret=${toBase32(secret.map((byte) => byte + 1))}&counter=4&digits=7`;
    expect(keysOf({ secret: uris })).toMatchObject([
      { type: "totp", algorithm: "sha1", digits: 6, periodSeconds: 60 },
      { type: "hotp", digits: 7, counter: 4 },
    ]);
  });

  it("of a token that answers challenges has its suite beside it, or in a URI as exports have it", () => {
    const suite = "OCRA-1:HOTP-SHA256-8:QN08-T1M";
    const common = "OCRA-1:HOTP-SHA1-6:QN08";
    const [text, other] = [toBase32(secret), toBase32(secret.map((byte) => byte + 1))];
    expect(keysOf({ secret: text, type: "OCRA", suite })).toEqual([{ type: "ocra", secret, suite }]);
    expect(keysOf({ secret: text, type: "ocra" })).toEqual([{ type: "ocra", secret, suite: common }]);
    const beside = { type: "ocra", suite, digits: "8", algorithm: "HMAC-SHA256", period: "30", counter: "0" };
    expect(keysOf({ secret: text, ...beside })).toEqual([{ type: "ocra", secret, suite }]);
    const uris = `otpauth://ocra/N:alice?secret=${text}&ocrasuite=${encodeURIComponent(suite)} otpauth://ocra/a?secret=${other}&issuer=N&ocraSuite=${common}`;
    expect(keysOf({ secret: uris })).toMatchObject([{ suite }, { suite: common }]);
  });

  it.each([
    [{ secret: toBase32(secret), type: "ocra", suite: "OCRA-1:HOTP-SHA1-6:C-QN08" }, "suite"],
    [{ secret: toBase32(secret), type: "ocra", suite: "QN08" }, "suite"],
    [{ secret: "otpauth://ocra/a?ocrasuite=OCRA-1:HOTP-SHA1-6:QN08" }, "secret"],
    [{ secret: `otpauth://ocra/a?secret=${toBase32(secret)}&secret=${toBase32(secret)}` }, "secret"],
    [{ secret: `otpauth://ocra/a?secret=${toBase32(secret)}&ocrasuite=OCRA-1:HOTP-SHA1-6:QH40` }, "suite"],
    // Its digits and hash are the suite's; a suite beside another type says that the type is missing or wrong.
    [{ secret: toBase32(secret), type: "ocra", digits: "8" }, "digits"],
    [{ secret: toBase32(secret), type: "ocra", algorithm: "SHA256" }, "algorithm"],
    [{ secret: toBase32(secret), suite: "OCRA-1:HOTP-SHA1-6:QN08" }, "suite"],
    [{ secret: toBase32(secret), type: "totp", suite: "OCRA-1:HOTP-SHA1-6:QN08" }, "suite"],
    [{ secret: `otpauth://ocra/a?secret=${toBase32(secret)}&suite=OCRA-1:HOTP-SHA256-8:QN08` }, "secret"],
    [{ secret: "GEZDGNBV" }, "secret"],
    [{ secret: toBase32(new Uint8Array(65)) }, "secret"],
    [{ secret: "otpauth://totp/alice?digits=6" }, "secret"],
    [{ secret: "otpauth://steam/alice?secret=GEZDGNBVGY3TQOJQ" }, "secret"],
    [{ secret: "otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQ&digits=5" }, "secret"],
    [
      { secret: "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ otpauth://hotp/a?secret=GEZDGNBVGY3TQOJQ" },
      "secret",
    ],
    [{ secret: toBase32(secret), type: "sms" }, "type"],
    [{ secret: toBase32(secret), algorithm: "md5" }, "algorithm"],
    [{ secret: toBase32(secret), digits: "9" }, "digits"],
    [{ secret: toBase32(secret), period: "0" }, "period"],
    [{ secret: toBase32(secret), type: "hotp", counter: "-1" }, "counter"],
  ])("that is none is refused: %j", (cells, field) => {
    const record = read(cells);
    expect(record.ok ? [] : record.faults.map((fault) => fault.field)).toEqual([field]);
  });
});

describe("a map of columns", () => {
  it("is read field by field", () => {
    expect([...parseColumnMap("name=Login, display_name=Full name")]).toEqual([
      ["name", "Login"],
      ["displayName", "Full name"],
    ]);
  });

  it.each(["login=name", "name", "name=", "name=a,name=b", "__proto__=x"])("refuses %s", (text) => {
    expect(() => parseColumnMap(text)).toThrow();
  });
});
