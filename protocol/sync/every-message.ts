// What stands in every request of a joined machine, and in every answer to one.

import * as v from "valibot";
import { signedDocumentSchema } from "../crypto/signed-document.ts";
import { wholeNumber } from "./encoding.ts";
import { mostServerKeys } from "./server-keys.ts";

export const shortText = v.pipe(v.string(), v.maxBytes(128));

/** The number of the newest server key that the machine knows, left out for 0. */
export const serverKey = v.optional(wholeNumber);

/** The server's keys after that one, the newest last, left out for none: by the last the very answer they come in is signed. */
export const serverKeys = v.optional(v.pipe(v.array(signedDocumentSchema), v.maxLength(mostServerKeys)));

export const asking = {
  /** Rises with every request of a machine; the server refuses one that does not. */
  sequence: wholeNumber,
  sentAtMs: wholeNumber,
  /** The highest serial of a revocation that the machine has carried out; 0 for none. */
  revokedThrough: wholeNumber,
  serverKey,
};

export const answering = {
  serverTimeMs: wholeNumber,
  /** All that the machine has not yet reported as carried out; applied before anything else in the answer. */
  revocations: v.pipe(v.array(signedDocumentSchema), v.maxLength(1_000)),
  serverKeys,
};
