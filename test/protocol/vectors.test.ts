// Golden vectors: whoever changes a construction changes these, and with them every machine, token and proof there is.

import { describe, expect, test } from "vitest";
import { deriveIdentity, machineId, publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { signDocument } from "../../protocol/crypto/signed-document.ts";
import { signRequest, signResponse } from "../../protocol/sync/http-signature.ts";
import { formatJoinToken, joinProof, joinProofKey, joinTokenId } from "../../protocol/sync/join-token.ts";
import "./identities.ts";
import vectors from "./vectors.json" with { type: "json" };

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.each(vectors.identities)("the identity of root $root", ({ root, ...expected }) => {
  const identity = deriveIdentity(Buffer.from(root, "hex"));
  const keys = publicIdentity(identity);

  test("has the recorded keys and names", () => {
    expect({
      signingKey: hex(keys.signingKey),
      boxKey: hex(keys.boxKey),
      boxPrivateKey: hex(identity.box.privateKey),
      machineId: machineId(keys),
      serverFingerprint: hex(serverFingerprint(keys)),
    }).toEqual(expected);
  });
});

const [first, second] = vectors.identities.map(({ root }) => deriveIdentity(Buffer.from(root, "hex")));
if (first === undefined || second === undefined) throw new Error("vectors.json has two identities");

test("the join token and all that is made of it are as recorded", () => {
  const { secret, ...expected } = vectors.join;
  const bytes = Buffer.from(secret, "hex");
  const { signingKey, boxKey } = publicIdentity(first);
  expect({
    token: formatJoinToken({ secret: bytes, serverFingerprint: serverFingerprint(publicIdentity(second)) }),
    tokenId: joinTokenId(bytes),
    proofKey: hex(joinProofKey(bytes)),
    proof: hex(joinProof(joinProofKey(bytes), signingKey, boxKey)),
  }).toEqual(expected);
});

test("a signed document is as recorded", () => {
  const { label, content, ...expected } = vectors.document;
  expect(signDocument(label as "revocation", content, second.signing.privateKey)).toEqual(expected);
});

test("a signed request and the signed answer to it are as recorded", () => {
  const { request, response } = vectors;
  const asked = signRequest(
    { method: request.method, path: request.path, body: Buffer.from(request.body) },
    { keyId: request.keyId, privateKey: first.signing.privateKey },
    request.createdMs,
    Buffer.from(request.nonce, "hex"),
  );
  expect(asked).toEqual(request.headers);
  const answered = signResponse(
    { status: response.status, body: Buffer.from(response.body) },
    asked.signature,
    { keyId: response.keyId, privateKey: second.signing.privateKey },
    response.createdMs,
  );
  expect(answered).toEqual(response.headers);
});
