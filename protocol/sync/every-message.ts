// What stands in every request of a joined machine, and in every answer to one.

import * as v from "valibot";
import { signedDocumentSchema } from "../crypto/signed-document.ts";
import { wholeNumber } from "./encoding.ts";

export const shortText = v.pipe(v.string(), v.maxBytes(128));

export const asking = {
  /** Rises with every request of a machine; the server refuses one that does not. */
  sequence: wholeNumber,
  sentAtMs: wholeNumber,
  /** The highest serial of a revocation that the machine has carried out; 0 for none. */
  revokedThrough: wholeNumber,
};

export const answering = {
  serverTimeMs: wholeNumber,
  /** All that the machine has not yet reported as carried out; applied before anything else in the answer. */
  revocations: v.pipe(v.array(signedDocumentSchema), v.maxLength(1_000)),
};
