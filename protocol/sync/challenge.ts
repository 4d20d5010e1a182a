// `challenge`: before a question that takes a response to a challenge. Everybody gets one, and all are alike: whether a name is
// known, or its user has something to answer with, is told to nobody at a screen.

import * as v from "valibot";
import { userNameText } from "./documents.ts";
import { base64Of, wholeNumber } from "./encoding.ts";
import { answering, asking } from "./every-message.ts";

export const challenge = {
  path: "/v1/challenge",
  request: v.strictObject({
    ...asking,
    /** The response is good in this dialogue alone; asked again in it, the challenge is the same. */
    dialogue: base64Of(16),
    user: userNameText,
    /** As in `verify`: what a program of the user's own begins takes nothing from root's dialogues. */
    caller: v.picklist(["system", "self"]),
  }),
  response: v.strictObject({
    ...answering,
    challenge: v.pipe(v.string(), v.regex(/^\d{8}$/)),
    /** By the server's clock: what `usedThroughMs` is compared with. Earlier than now where a dialogue before had the same one. */
    drawnAtMs: wholeNumber,
  }),
} as const;
