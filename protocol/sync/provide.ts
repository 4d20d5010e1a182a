// `provide`: on the screen of a sign-in a person gets what later sign-ins are proved with, and proves that it arrived.

import * as v from "valibot";
import { signedDocumentSchema } from "../crypto/signed-document.ts";
import { base64, base64Of } from "./encoding.ts";
import { answering, asking } from "./every-message.ts";

/** Inside `sealed`: only the machine, and whoever looks at its screen, sees it. */
export const providedSchema = v.strictObject({
  /** Base32, to be typed. */
  secret: v.pipe(v.string(), v.regex(/^[A-Z2-7]{16,128}$/)),
  /** To be scanned. */
  uri: v.pipe(v.string(), v.regex(/^otpauth:\/\/[\x21-\x7e]+$/), v.maxLength(512)),
});

/** A code inside `sealedCode`, as typed. */
export const providedCodeSchema = v.pipe(v.string(), v.maxBytes(512));

const sealedCode = base64(1_024);

export const provide = {
  path: "/v1/provide",
  request: v.strictObject({
    ...asking,
    /** Of the sign-in. */
    dialogue: base64Of(16),
    step: v.variant("do", [
      /** After a granted verify with `maySeed`: the user's seed on this machine. A new one each time, until one is proved. */
      v.strictObject({ do: v.literal("show-seed") }),
      /** A code of the seed that was shown last: from then on that seed counts. */
      v.strictObject({ do: v.literal("prove-seed"), sealedCode }),
    ]),
  }),
  response: v.strictObject({
    ...answering,
    result: v.variant("is", [
      v.strictObject({ is: v.literal("shown"), sealed: base64(2_048) }),
      /** With the bundle that has it. */
      v.strictObject({ is: v.literal("proved"), bundle: v.nullable(signedDocumentSchema) }),
      v.strictObject({ is: v.literal("wrong") }),
      /** Not, or not any more: nothing was shown, and nothing changed. */
      v.strictObject({ is: v.literal("refused") }),
    ]),
  }),
} as const;
