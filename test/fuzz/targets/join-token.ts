// What an admin pastes: a join token, in whatever state it survived the clipboard.

import fc from "fast-check";
import { formatJoinToken, parseJoinToken } from "../../../protocol/sync/join-token.ts";
import { canary, expectNothingOf, expectSame, expectSentence, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const some = formatJoinToken({
  secret: new Uint8Array(16).fill(7),
  serverFingerprint: new Uint8Array(16).fill(200),
});
const words = ["nlj1-", "-", "=", " ", "\n", "A", "7", "8", "ı", canary, "nlj2-", some.slice(5, 31)];

export const joinToken = target<string>({
  name: "join-token",
  what: "join tokens",
  inputs: fc
    .oneof(
      fc.array(fc.constantFrom(...words, some), { maxLength: 6 }).map((parts) => parts.join("")),
      fc
        .tuple(
          fc.uint8Array({ minLength: 15, maxLength: 17 }),
          fc.uint8Array({ minLength: 15, maxLength: 17 }),
        )
        .map(([secret, serverFingerprint]) => formatJoinToken({ secret, serverFingerprint })),
    )
    .map((text) => Buffer.from(text, "utf8").toString("latin1")),
  grows: { seeds: [some, some.toLowerCase()], words, mostWork: (bytes) => 5_000 + 100 * bytes },
  open: async () => ({
    try(bytes) {
      const text = Buffer.from(bytes, "latin1").toString("utf8");
      const token = parseJoinToken(text);
      if (!token.ok) {
        expectSentence(token.error, 120);
        expectNothingOf(text, token.error, "the error");
        return;
      }
      expectThat(
        token.value.secret.length === 16 && token.value.serverFingerprint.length === 16,
        "not 16 bytes each",
      );
      expectSame(parseJoinToken(formatJoinToken(token.value)), token, "written out, it is another token");
    },
  }),
});
