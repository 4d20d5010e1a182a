// `sendCode`: before a question that takes a code which the server sends. The answer is the same for everybody who is not
// enrolled on the machine: whether a name is known, has an address or was sent too many is told to nobody at a screen.

import * as v from "valibot";
import { kinds } from "../../words/kind.ts";
import { languages } from "../../words/language.ts";
import { userNameText } from "./documents.ts";
import { base64Of } from "./encoding.ts";
import { answering, asking, shortText } from "./every-message.ts";
import { sentTypes } from "./policy.ts";

export const sendCode = {
  path: "/v1/send-code",
  request: v.strictObject({
    ...asking,
    /** The code is good in this dialogue alone. */
    dialogue: base64Of(16),
    user: userNameText,
    kind: v.picklist(kinds),
    service: shortText,
    caller: v.picklist(["system", "self"]),
    /** The first of these that policy asks for and the user has an address for. */
    types: v.pipe(v.array(v.picklist(sentTypes)), v.minLength(1), v.maxLength(sentTypes.length)),
    /** Of the person at the screen, for users who have not chosen one. */
    language: v.picklist(languages),
  }),
  response: v.strictObject({
    ...answering,
    /** Where to, as its owner recognises it; only for a user who is enrolled on this machine and to whom one was sent. */
    to: v.nullable(shortText),
  }),
} as const;
