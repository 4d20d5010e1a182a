// Signed requests and answers, with one thing changed: only the unchanged one is signed.

import fc from "fast-check";
import { deriveIdentity } from "../../../protocol/crypto/keys.ts";
import {
  readRequestSignature,
  type SignedHeaders,
  signRequest,
  signResponse,
  verifyResponse,
} from "../../../protocol/sync/http-signature.ts";
import { expectSame, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const parts = [
  "method",
  "path",
  "body",
  "content-digest",
  "signature-input",
  "signature",
  "status",
  "asked",
] as const;

interface Input {
  readonly of: "request" | "response";
  readonly part: (typeof parts)[number];
  readonly at: number;
  readonly deed: "flip" | "drop" | "insert" | "repeat" | "twice" | "gone" | "cut" | "case";
  readonly body: string;
}

function changed(text: string, { at, deed }: Input): string | string[] | undefined {
  const place = at % (text.length + 1);
  const [before, after] = [text.slice(0, place), text.slice(place)];
  switch (deed) {
    case "flip":
      return before + String.fromCharCode((after.charCodeAt(0) || 0) ^ (1 << (at % 7))) + after.slice(1);
    case "drop":
      return before + after.slice(1);
    case "insert":
      return `${before}${String.fromCharCode(32 + (at % 95))}${after}`;
    case "repeat":
      return `${text}, ${text}`;
    case "twice":
      return [text, text];
    case "gone":
      return undefined;
    case "cut":
      return before;
    case "case":
      return before + after.toUpperCase();
  }
}

const keys = () => deriveIdentity(new Uint8Array(32).fill(3)).signing;

export const httpSignature = target<Input>({
  name: "http-signature",
  what: "signatures of requests and answers with one thing changed",
  inputs: fc.record({
    of: fc.constantFrom("request", "response"),
    part: fc.constantFrom(...parts),
    at: fc.nat({ max: 400 }),
    deed: fc.constantFrom("flip", "drop", "insert", "repeat", "twice", "gone", "cut", "case"),
    body: fc.string({ unit: "binary", maxLength: 40 }),
  }),
  open: async () => {
    const by = { keyId: "MACHINE234", ...keys() };
    return {
      try(input) {
        const message = { method: "POST", path: "/v1/sync", body: input.body, status: "200" };
        const request = { method: "POST", path: "/v1/sync", body: Buffer.from(input.body) };
        const asked = signRequest(request, by, 1_700_000_000_000, new Uint8Array(16).fill(9));
        const response = { status: 200, body: request.body };
        const headers: SignedHeaders =
          input.of === "request" ? asked : signResponse(response, asked.signature, by, 1_700_000_000_000);
        const whole: Record<string, string | string[] | undefined> = {
          ...message,
          ...headers,
          asked: asked.signature,
        };
        const before = whole[input.part];
        const mine = { ...whole, [input.part]: changed(String(before), input) };
        const one = (name: string) => (typeof mine[name] === "string" ? mine[name] : "");
        const given = {
          "content-digest": mine["content-digest"],
          "signature-input": mine["signature-input"],
          signature: mine["signature"],
        };
        const body = Buffer.from(one("body"));
        const good =
          input.of === "request"
            ? (readRequestSignature({ method: one("method"), path: one("path"), body }, given)?.verify(
                by.publicKey,
              ) ?? false)
            : verifyResponse({ status: Number(one("status")), body }, given, one("asked"), by.publicKey);
        const counts =
          input.of === "request"
            ? !["status", "asked"].includes(input.part)
            : !["method", "path"].includes(input.part);
        // A status is a number, and a body bytes: what is the same there is the same.
        const same =
          input.part === "status"
            ? Number(mine["status"]) === 200
            : input.part === "body"
              ? Buffer.from(one("body")).equals(request.body)
              : mine[input.part] === before;
        expectSame(good, !counts || same, `changed at ${input.part}: taken`);
        expectThat(
          input.of === "response" || readRequestSignature(request, { ...asked })?.keyId === by.keyId,
          "the unchanged one is not read",
        );
      },
    };
  },
});
