// The secret of a token that somebody has already, on its way into the server.

import { describe, expect, it } from "vitest";
import { commandLine } from "./command-line.ts";

describe("authenticators", () => {
  it.each(["totp", "hotp", "ocra"])(
    "take the secret of a %s token unseen, in hexadecimal as its maker wrote it",
    async (type) => {
      const { call, json, typed, questions } = commandLine();
      await call("user", "add", "alice");
      const hex = "3132333435363738393031323334353637383930";
      const add = ["authenticator", "add", type, "alice", "--secret", "-"];
      typed.push(hex);
      const refused = await call(...add);
      expect(refused).toMatchObject({ code: 2, out: "" });
      expect(refused.err).toContain("add --secret-encoding hex");
      expect(refused.err).not.toContain(hex);
      typed.push("31323334 35363738 39303132 33343536 37383930");
      const added = await json(...add, "--secret-encoding", "hex");
      expect(added.secret).toBe("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
      expect(questions).toEqual(["Secret: ", "Secret: "]);
      typed.push(`${hex}0`);
      expect((await call(...add, "--secret-encoding", "hex")).err).toContain("not hexadecimal");
      const none = await call(...add);
      expect([none.code, none.err]).toEqual([1, expect.stringContaining("nothing was changed")]);
    },
  );
});
