import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { openSealed, sealTo } from "../../protocol/crypto/sealed-box.ts";
import { type DocumentLabel, openDocument, signDocument } from "../../protocol/crypto/signed-document.ts";
import { theSodium } from "../../protocol/crypto/sodium.ts";
import { flipped, machine, otherMachine, otherServer, server } from "./identities.ts";

const labels = ["bundle", "machine-policy", "revocation"] as const satisfies readonly DocumentLabel[];
const schema = v.strictObject({ serial: v.number(), user: v.string() });
const content = { serial: 7, user: "josé 山田" };

function sign(label: DocumentLabel, of: unknown = content) {
  return signDocument(label, of, server.signing.privateKey);
}

describe("a signed document", () => {
  test.each(labels)("is opened under its own label %s and no other", (label) => {
    const document = sign(label);
    for (const other of labels) {
      const opened = openDocument(other, document, server.signing.publicKey, schema);
      if (other === label) expect(opened).toEqual({ ok: true, value: content });
      else expect(opened).toEqual({ ok: false, error: `${other}: not signed by this server` });
    }
  });

  test("is the JSON text as signed, so that anybody can check it", () => {
    const { payload, signature } = sign("bundle");
    expect(Buffer.from(payload, "base64").toString()).toBe(JSON.stringify(content));
    const signedBytes = Buffer.concat([Buffer.from("nightlatch/bundle/1\0"), Buffer.from(payload, "base64")]);
    expect(
      theSodium().crypto_sign_verify_detached(
        Buffer.from(signature, "base64"),
        signedBytes,
        server.signing.publicKey,
      ),
    ).toBe(true);
  });

  test("of another server is refused", () => {
    expect(openDocument("bundle", sign("bundle"), otherServer.signing.publicKey, schema).ok).toBe(false);
  });

  test("with any one bit altered, in payload or signature, is refused", () => {
    const document = sign("bundle");
    fc.assert(
      fc.property(fc.constantFrom("payload" as const, "signature" as const), fc.nat(1_000), (part, bit) => {
        const other = flipped(Buffer.from(document[part], "base64"), bit).toBase64();
        expect(
          openDocument("bundle", { ...document, [part]: other }, server.signing.publicKey, schema).ok,
        ).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("with a payload cut short, prolonged or swapped is refused", () => {
    const document = sign("bundle");
    const bytes = Buffer.from(document.payload, "base64");
    for (const payload of [
      bytes.subarray(1),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.from(" ")]),
      Buffer.alloc(0),
    ])
      expect(
        openDocument(
          "bundle",
          { ...document, payload: payload.toString("base64") },
          server.signing.publicKey,
          schema,
        ).ok,
      ).toBe(false);
    const { payload } = sign("bundle", { ...content, serial: 8 });
    expect(openDocument("bundle", { ...document, payload }, server.signing.publicKey, schema).ok).toBe(false);
  });

  test("of another shape is refused, though signed", () => {
    for (const of of [{ serial: 7 }, { ...content, more: 1 }, [content], null, "text"])
      expect(openDocument("bundle", sign("bundle", of), server.signing.publicKey, schema)).toEqual({
        ok: false,
        error: "bundle: unknown shape",
      });
  });

  test("that is not JSON is refused, though signed", () => {
    const payload = Buffer.from("{not json");
    const signature = theSodium().crypto_sign_detached(
      Buffer.concat([Buffer.from("nightlatch/bundle/1\0"), payload]),
      server.signing.privateKey,
    );
    const document = { payload: payload.toString("base64"), signature: signature.toBase64() };
    expect(openDocument("bundle", document, server.signing.publicKey, schema)).toEqual({
      ok: false,
      error: "bundle: not JSON",
    });
  });
});

describe("a sealed box", () => {
  const sealed = sealTo(machine.box.publicKey, Buffer.from("the seed"));

  test("opens for the machine it was sealed to, and for no other", () => {
    expect(Buffer.from(openSealed(machine.box, sealed) ?? []).toString()).toBe("the seed");
    expect(openSealed(otherMachine.box, sealed)).toBeUndefined();
    expect(openSealed({ ...machine.box, privateKey: otherMachine.box.privateKey }, sealed)).toBeUndefined();
  });

  test("hides its content, and looks different each time", () => {
    expect(Buffer.from(sealed).includes("the seed")).toBe(false);
    expect(sealTo(machine.box.publicKey, Buffer.from("the seed"))).not.toEqual(sealed);
  });

  test("with any one bit altered does not open", () => {
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        expect(openSealed(machine.box, flipped(sealed, bit))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test("cut short, prolonged or empty does not open, and nothing is thrown", () => {
    for (const length of [0, 1, 31, 32, 47, 48, sealed.length - 1])
      expect(openSealed(machine.box, sealed.subarray(0, length))).toBeUndefined();
    expect(openSealed(machine.box, Buffer.concat([sealed, Buffer.of(0)]))).toBeUndefined();
  });

  test("may hold nothing", () => {
    expect(openSealed(machine.box, sealTo(machine.box.publicKey, new Uint8Array()))).toEqual(
      new Uint8Array(),
    );
  });
});
