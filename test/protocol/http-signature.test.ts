import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  contentDigest,
  type Request,
  type Response,
  readRequestSignature,
  type SignedHeaders,
  signatureBase,
  signRequest,
  signResponse,
  verifyResponse,
} from "../../protocol/sync/http-signature.ts";
import { flipped, machine, otherMachine, otherServer, seed, server } from "./identities.ts";

describe("RFC 9421 Appendix B.2.6, signing with ed25519", () => {
  // The key `test-key-ed25519` of B.1.4, and the components of the request in B.2.
  const key = {
    kty: "OKP",
    crv: "Ed25519",
    x: "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
    d: "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU",
  };
  const base = signatureBase(
    [
      ['"date"', "Tue, 20 Apr 2021 02:07:55 GMT"],
      ['"@method"', "POST"],
      ['"@path"', "/foo"],
      ['"@authority"', "example.com"],
      ['"content-type"', "application/json"],
      ['"content-length"', "18"],
    ],
    '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
  );
  const signature =
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";

  test("the signature base is the RFC's to the byte", () => {
    expect(base.split("\n")).toEqual([
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@authority": example.com',
      '"content-type": application/json',
      '"content-length": 18',
      '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    ]);
  });

  test("and so is the signature", () => {
    const privateKey = createPrivateKey({ key, format: "jwk" });
    expect(sign(null, Buffer.from(base), privateKey).toString("base64")).toBe(signature);
    expect(
      verify(null, Buffer.from(base), createPublicKey(privateKey), Buffer.from(signature, "base64")),
    ).toBe(true);
  });
});

test("the content digest is RFC 9530's", () => {
  // RFC 9530 appendix D: the body `{"hello": "world"}` and a newline.
  expect(contentDigest(Buffer.from('{"hello": "world"}\n'))).toBe(
    "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
  );
});

const createdMs = Date.parse("2026-11-20T12:00:00.999Z");
const keyId = "A".repeat(32);
const request: Request = { method: "POST", path: "/v1/verify", body: Buffer.from('{"sequence":7}') };
const signed = signRequest(
  request,
  { keyId, privateKey: machine.signing.privateKey },
  createdMs,
  seed(9, 16),
);

function accepted(
  given: Request,
  headers: Record<string, string | string[] | undefined>,
  key = machine.signing.publicKey,
) {
  return readRequestSignature(given, headers)?.verify(key) ?? false;
}

/** The headers with one text in them replaced; fails when it is not there. */
function altered(
  headers: SignedHeaders,
  name: keyof SignedHeaders,
  from: string,
  to: string,
): Record<string, string> {
  expect(headers[name]).toContain(from);
  return { ...headers, [name]: headers[name].replace(from, to) };
}

/** What a header may come as that is not one whole header. */
function spoilt(header: string): readonly (string | string[] | undefined)[] {
  return [undefined, "", [], [header], [header, header], `${header}, ${header}`];
}

describe("a signed request", () => {
  test("is read and verified, with the time in whole seconds", () => {
    const read = readRequestSignature(request, { ...signed });
    expect(read).toMatchObject({ keyId, nonce: seed(9, 16).toBase64(), createdMs: createdMs - 999 });
    expect(read?.verify(machine.signing.publicKey)).toBe(true);
    expect(read?.verify(otherMachine.signing.publicKey)).toBe(false);
  });

  test("covers method, path and body", () => {
    expect(accepted({ ...request, method: "PUT" }, { ...signed })).toBe(false);
    expect(accepted({ ...request, method: "post" }, { ...signed })).toBe(false);
    expect(accepted({ ...request, path: "/v1/sync" }, { ...signed })).toBe(false);
    expect(accepted({ ...request, path: "/v1/verify/" }, { ...signed })).toBe(false);
    expect(accepted({ ...request, body: Buffer.from('{"sequence":8}') }, { ...signed })).toBe(false);
    expect(accepted({ ...request, body: Buffer.alloc(0) }, { ...signed })).toBe(false);
  });

  test("covers the body also where the digest was altered to match it", () => {
    const body = Buffer.from('{"sequence":8}');
    expect(accepted({ ...request, body }, { ...signed, "content-digest": contentDigest(body) })).toBe(false);
  });

  test("covers time, nonce, key id and algorithm", () => {
    const input = (from: string, to: string) => altered(signed, "signature-input", from, to);
    expect(accepted(request, input("created=17", "created=18"))).toBe(false);
    expect(accepted(request, input(seed(9, 16).toBase64(), seed(8, 16).toBase64()))).toBe(false);
    expect(accepted(request, input(`keyid="${keyId}"`, `keyid="${"B".repeat(32)}"`))).toBe(false);
    expect(accepted(request, input('alg="ed25519"', 'alg="hmac-sha256"'))).toBe(false);
    expect(accepted(request, input(';alg="ed25519"', ""))).toBe(false);
  });

  test("is not what its fields look like in another order, with fewer components, or under another label", () => {
    const input = (from: string, to: string) => altered(signed, "signature-input", from, to);
    expect(readRequestSignature(request, input('"@method" "@path"', '"@path" "@method"'))).toBeUndefined();
    expect(readRequestSignature(request, input(' "content-digest"', ""))).toBeUndefined();
    expect(
      readRequestSignature(request, input('("@method" "@path" "content-digest")', "()")),
    ).toBeUndefined();
    expect(readRequestSignature(request, input("sig1=", "sig2="))).toBeUndefined();
    expect(readRequestSignature(request, input("sig1=", " sig1="))).toBeUndefined();
    expect(readRequestSignature(request, input('"ed25519"', '"ed25519", sig2=()'))).toBeUndefined();
    expect(readRequestSignature(request, altered(signed, "signature", "sig1=", "sig2="))).toBeUndefined();
  });

  test.each(["content-digest", "signature-input", "signature"] as const)(
    "with %s missing, empty or twice is none",
    (name) => {
      for (const value of spoilt(signed[name]))
        expect(readRequestSignature(request, { ...signed, [name]: value })).toBeUndefined();
    },
  );

  test("is broken by any one bit of the signature", () => {
    const bytes = Buffer.from(signed.signature.slice(6, -1), "base64");
    expect(accepted(request, { ...signed, signature: `sig1=:${bytes.toString("base64")}:` })).toBe(true);
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const signature = `sig1=:${flipped(bytes, bit).toBase64()}:`;
        expect(accepted(request, { ...signed, signature })).toBe(false);
      }),
    );
  });

  test("of any headers is read or not, never thrown", () => {
    const anyValue = fc.option(
      fc.oneof(fc.string({ unit: "binary" }), fc.array(fc.string(), { maxLength: 2 })),
      { nil: undefined },
    );
    fc.assert(
      fc.property(
        fc.record({ "content-digest": anyValue, "signature-input": anyValue, signature: anyValue }),
        (headers) => {
          expect(readRequestSignature(request, headers)).toBeUndefined();
        },
      ),
    );
  });
});

describe("a signed response", () => {
  const response: Response = { status: 200, body: Buffer.from('{"result":{"verdict":"denied"}}') };
  const by = { keyId: "server", privateKey: server.signing.privateKey };
  const answer = signResponse(response, signed.signature, by, createdMs);
  const good = (
    given: Response,
    headers: Record<string, string | string[] | undefined>,
    requestSignature = signed.signature,
  ) => verifyResponse(given, headers, requestSignature, server.signing.publicKey);

  test("is accepted for the request it answers", () => {
    expect(good(response, { ...answer })).toBe(true);
    expect(verifyResponse(response, { ...answer }, signed.signature, otherServer.signing.publicKey)).toBe(
      false,
    );
  });

  test("covers status and body", () => {
    expect(good({ ...response, status: 201 }, { ...answer })).toBe(false);
    const body = Buffer.from('{"result":{"verdict":"granted"}}');
    expect(good({ ...response, body }, { ...answer })).toBe(false);
    expect(good({ ...response, body }, { ...answer, "content-digest": contentDigest(body) })).toBe(false);
  });

  test("is refused for any other request, even one that differs in its nonce alone", () => {
    const again = signRequest(
      request,
      { keyId, privateKey: machine.signing.privateKey },
      createdMs,
      seed(10, 16),
    );
    expect(good(response, { ...answer }, again.signature)).toBe(false);
    expect(
      good(
        response,
        signResponse(response, again.signature, by, createdMs) as unknown as Record<string, string>,
      ),
    ).toBe(false);
    expect(good(response, { ...answer }, "")).toBe(false);
    expect(good(response, { ...answer }, `${signed.signature} `)).toBe(false);
  });

  test("to no request at all does not stand for an answer to a request without a signature's shape", () => {
    const toNothing = signResponse(response, "", by, createdMs);
    expect(good(response, { ...toNothing })).toBe(false);
  });

  test("covers time, key id, algorithm and what is covered", () => {
    const input = (from: string, to: string) => altered(answer, "signature-input", from, to);
    expect(good(response, input("created=17", "created=18"))).toBe(false);
    expect(good(response, input('keyid="server"', 'keyid="another"'))).toBe(false);
    expect(good(response, input('"ed25519"', '"rsa-pss-sha512"'))).toBe(false);
    expect(good(response, input(' "signature";req;key="sig1"', ""))).toBe(false);
    expect(good(response, input(";req", ""))).toBe(false);
  });

  test.each(["content-digest", "signature-input", "signature"] as const)(
    "with %s missing, empty or twice is refused",
    (name) => {
      for (const value of spoilt(answer[name]))
        expect(good(response, { ...answer, [name]: value })).toBe(false);
    },
  );

  test("a request's signature is none for a response, and the other way round", () => {
    expect(
      verifyResponse(
        { status: 200, body: request.body },
        { ...signed },
        signed.signature,
        machine.signing.publicKey,
      ),
    ).toBe(false);
    expect(readRequestSignature({ ...request, body: response.body }, { ...answer })).toBeUndefined();
  });
});
