// `provide`: on the screen of a sign-in a person gets what later sign-ins are proved with, and proves that it arrived.

import * as v from "valibot";
import { kinds } from "../../words/kind.ts";
import { signedDocumentSchema } from "../crypto/signed-document.ts";
import { userNameText } from "./documents.ts";
import { base64, base64Of } from "./encoding.ts";
import { answering, asking, shortText } from "./every-message.ts";

/** Inside `sealed`: only the machine, and whoever looks at its screen, sees it. */
export const providedSchema = v.strictObject({
  /** Base32, to be typed. */
  secret: v.pipe(v.string(), v.regex(/^[A-Z2-7]{16,128}$/)),
  /** To be scanned. */
  uri: v.pipe(v.string(), v.regex(/^otpauth:\/\/[\x21-\x7e]+$/), v.maxLength(512)),
});

/** Inside `sealed` of `elsewhere`: what a phone is told. */
export const elsewhereSchema = v.strictObject({
  /** To be typed at the portal. */
  code: v.pipe(v.string(), v.regex(/^\d{8}$/)),
  /** How people reach the portal, without a path; null: as machines do. */
  address: v.nullable(v.pipe(v.string(), v.regex(/^https?:\/\/[\x21-\x7e]+$/), v.maxLength(300))),
});

/** A code inside `sealedCode`, as typed. */
export const providedCodeSchema = v.pipe(v.string(), v.maxBytes(512));

const sealedCode = base64(1_024);

/** Who wants in: as in `verify`. */
const signIn = { user: userNameText, kind: v.picklist(kinds), service: shortText };

/** Which mailed code is meant; nothing by itself. */
const ticket = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));

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
      /** After `no-authenticator`: a first one for this user. */
      v.strictObject({ do: v.literal("add-first"), ...signIn }),
      /** The same on a screen that can't show a key: a code by which a phone goes on. */
      v.strictObject({ do: v.literal("add-elsewhere"), ...signIn }),
      /** The code that was mailed for it. */
      v.strictObject({ do: v.literal("prove-mail"), ...signIn, ticket, sealedCode }),
      /** A code of the one that was shown, here or on a phone: it is added, and the sign-in ends as by a granted verify. */
      v.strictObject({ do: v.literal("prove-first"), ...signIn, sealedCode }),
    ]),
  }),
  response: v.strictObject({
    ...answering,
    result: v.variant("is", [
      v.strictObject({ is: v.literal("shown"), sealed: base64(2_048) }),
      /** With the bundle that has it. */
      v.strictObject({ is: v.literal("proved"), bundle: v.nullable(signedDocumentSchema) }),
      /** A code is on its way to the user; `to` is as much of the address as may be shown. */
      v.strictObject({ is: v.literal("mailed"), ticket, to: v.pipe(v.string(), v.maxLength(64)) }),
      v.strictObject({
        is: v.literal("granted"),
        method: v.pipe(shortText, v.minLength(1)),
        bundle: v.nullable(signedDocumentSchema),
        mayEnrol: v.boolean(),
      }),
      v.strictObject({ is: v.literal("elsewhere"), sealed: base64(2_048) }),
      /** It is added, and policy has more questions: its next code answers this one in a verify. */
      v.strictObject({ is: v.literal("added") }),
      v.strictObject({ is: v.literal("wrong") }),
      /** The phone has not shown a key yet. */
      v.strictObject({ is: v.literal("waiting") }),
      /** Not, or not any more: nothing was shown, and nothing changed. */
      v.strictObject({ is: v.literal("refused") }),
    ]),
  }),
} as const;
