// Requests to a real server: right ones with something changed, signed all the same, or changed after signing.

import fc from "fast-check";
import { rotationProof } from "../../../protocol/crypto/keys.ts";
import { conflict, type ExchangeName, exchanges } from "../../../protocol/sync/exchanges.ts";
import { refusalBody, refusals } from "../../../server/api/refusal.ts";
import type { TestMachine } from "../../server/machine.ts";
import { type Edit, edit, edited } from "../edits.ts";
import { canary, expectNothingOf, expectSame, expectThat } from "../oracles.ts";
import { Site } from "../site.ts";
import { target } from "../target.ts";

const names = [
  "join",
  "probe",
  "verify",
  "recover",
  "enrol",
  "sync",
  "rotate",
] as const satisfies readonly ExchangeName[];
const headerNames = [
  "content-digest",
  "signature-input",
  "signature",
  "content-type",
  "content-length",
  "x-other",
] as const;

interface Input {
  readonly name: ExchangeName;
  readonly edits: readonly Edit[];
  /** Bytes in place of the JSON, or put into it. */
  readonly bytes: { readonly at: number; readonly text: string } | null;
  /** A header changed after signing. */
  readonly header: { readonly name: (typeof headerNames)[number]; readonly value: string } | null;
  readonly query: string;
}

/** Every place of the protocol where a text may stand is filled, so that every place can be changed. */
function rightOne(machine: TestMachine, name: ExchangeName): object {
  const spent = [
    { type: "totp", id: "x", lastStep: 3 },
    { type: "hotp", id: "y", counter: 3 },
    { type: "backup-codes", id: "z", usedIds: [1, 2] },
    { type: "ocra", id: "o", usedThroughMs: 3 },
  ];
  const keys = machine.joinRequest(`nlj1-${"A".repeat(26)}-${"A".repeat(26)}`);
  const {
    sequence: _,
    sentAtMs: __,
    revokedThrough: ___,
    spent: ____,
    ...signIn
  } = machine.verifyRequest("alice", ["nothing"]);
  const enrolments = [{ user: "alice", bundleSerial: 1, leaseId: "l", signInsUsed: 1, spent }];
  switch (name) {
    case "rotate": {
      const { signingKey, boxKey } = keys;
      const proof = rotationProof(machine.id, machine.identity.signing.publicKey, machine.identity);
      return { ...machine.asking(), signingKey, boxKey, proof: proof.toBase64(), enrolments };
    }
    case "join":
      return keys;
    case "probe":
      return machine.asking();
    case "sendCode": {
      const { sealedAnswers: _sealed, spent: _spent, ...wish } = machine.verifyRequest("alice", ["nothing"]);
      return { ...wish, types: ["email"], language: "en" };
    }
    case "challenge":
      return { ...machine.asking(), dialogue: signIn.dialogue, user: "alice", caller: "system" };
    case "verify":
      return { ...machine.verifyRequest("alice", ["nothing"]), spent };
    case "recover": {
      const { tokenId: _tokenId, ...rest } = keys;
      return { ...rest, ...signIn, oldMachine: machine.id, loss: "key-lost" };
    }
    case "enrol":
      return { ...machine.asking(), dialogue: Buffer.alloc(16, 1).toString("base64") };
    case "provide": {
      const sealedCode = Buffer.alloc(60, 1).toString("base64");
      const who = { user: "alice", kind: "logon", service: "login" };
      const step = { do: "prove-mail", ...who, ticket: "t".repeat(43), sealedCode };
      return { ...machine.asking(), dialogue: Buffer.alloc(16, 1).toString("base64"), step };
    }
    case "sync":
      return {
        ...machine.syncRequest(),
        enrolments,
      };
  }
}

export const requests = target<Input>({
  name: "requests",
  what: "requests to a real server, changed before and after signing",
  inputs: fc.record({
    name: fc.constantFrom(...names),
    edits: fc.array(edit, { maxLength: 3 }),
    bytes: fc.option(
      fc.record({ at: fc.nat({ max: 2_000 }), text: fc.string({ unit: "binary-ascii", maxLength: 20 }) }),
      { freq: 4 },
    ),
    header: fc.option(
      fc.record({
        name: fc.constantFrom(...headerNames),
        value: fc.constantFrom(
          "",
          canary,
          "sig1=:AAAA:",
          "sha-256=:AAAA:",
          'sig1=("@method");keyid="x"',
          "0",
          "9".repeat(40),
        ),
      }),
      { freq: 4 },
    ),
    query: fc.constantFrom("", "", "", "", `?${canary}`, "?"),
  }),
  open: async () => {
    const site = await Site.open();
    await site.user("alice");
    const machine = await site.machine();
    return {
      async try({ name, edits, bytes, header, query }) {
        const value = edited(rightOne(machine, name), edits);
        const text = JSON.stringify(value) ?? "";
        const whole = Buffer.from(
          bytes === null ? text : text.slice(0, bytes.at) + bytes.text + text.slice(bytes.at),
          "utf8",
        );
        const { path } = exchanges[name];
        const signed = {
          ...machine.sign(path, whole),
          ...(header === null ? {} : { [header.name]: header.value }),
        };
        const before = site.version();
        site.log();
        const response = await site.app.fetch(
          new Request(`http://localhost${path}${query}`, { method: "POST", body: whole, headers: signed }),
        );
        const answer = await response.text();
        const given = `${whole.toString("utf8")} ${JSON.stringify(signed)} ${query}`;
        expectNothingOf(given, answer, `the answer ${response.status}`);
        expectNothingOf(given, site.log(), "the log");
        expectThat(!answer.includes('"granted"'), "granted without a right code");
        if (response.status === 200)
          expectThat(
            header === null ||
              header.name === "content-type" ||
              header.name === "x-other" ||
              header.name === "content-length",
            "taken with a changed signature",
          );
        else await checkRefusal(response.status, answer, before);
        // Numbers may have been raised to where no further one is possible; that is another test's matter.
        await site.server.store.db.updateTable("machines").set({ sequence: 0, revokedAtMs: null }).execute();
        machine.sequence = 100;
      },
      close: () => site.close(),
    };

    async function checkRefusal(status: number, answer: string, before: unknown): Promise<void> {
      const known = Object.entries(refusals).find(([, refusal]) => refusal.status === status);
      expectThat(known !== undefined && status !== 500 && status !== 503, `the server answers ${status}`);
      const [code] = known;
      const fixed = refusalBody(code as keyof typeof refusals);
      const { revocations = [], ...said } = JSON.parse(answer) as { revocations?: unknown[] };
      expectSame(said, fixed, "not one of the fixed refusals");
      // A used number is refused along with what the machine must carry out anyway, and that is in the database.
      const waiting = await site.server.store.db.selectFrom("revocations").select("serial").execute();
      const most = status === conflict.status ? waiting.length : 0;
      expectThat(revocations.length <= most, `${revocations.length} revocations, of ${most} at most`);
      // A number that was used is noted: it may be a clone.
      if (status !== 409)
        expectSame(site.version(), before, `refused with ${status}, and the database changed`);
    }
  },
});
