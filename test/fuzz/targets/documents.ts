// Bundles, machine policies, revocations and sealed boxes: changed after signing they are refused, signed as nonsense they
// are refused too, and what is taken says the same when it is written again.

import fc from "fast-check";
import * as v from "valibot";
import { openBundle } from "../../../agent/state/held.ts";
import { deriveIdentity } from "../../../protocol/crypto/keys.ts";
import { openSealed, sealTo } from "../../../protocol/crypto/sealed-box.ts";
import {
  openDocument,
  signDocument,
  signedDocumentSchema,
} from "../../../protocol/crypto/signed-document.ts";
import { bundleSchema, machinePolicySchema, revocationSchema } from "../../../protocol/sync/documents.ts";
import { defaultPolicy } from "../../../protocol/sync/policy.ts";
import { type Edit, edit, edited, flipped } from "../edits.ts";
import { expectNothingOf, expectSame, expectSentence, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const machine = "A".repeat(32);
const base = { serial: 7, machine, issuedAtMs: 1_700_000_000_000 };
const secret = Buffer.alloc(20, 5).toString("base64");
const key = { secret, algorithm: "sha1", digits: 6 } as const;
const content = {
  authenticators: [
    { type: "totp", id: "t", ...key, periodSeconds: 30, lastStep: 3 },
    { type: "hotp", id: "h", ...key, counter: 9 },
    {
      type: "backup-codes",
      id: "b",
      salt: secret,
      codes: [{ id: 1, hash: Buffer.alloc(32).toString("base64") }],
      usedIds: [],
    },
  ],
  pin: null,
  unlockKey: Buffer.alloc(32, 1).toString("base64"),
};
const contents = {
  bundle: (sealed: string) => ({
    ...base,
    user: "alice",
    lease: { id: "l", startedAtMs: 1, expiresAtMs: 2, signIns: 5 },
    policyName: "staff",
    policy: defaultPolicy,
    sealed,
  }),
  "machine-policy": () => ({
    ...base,
    exempt: false,
    policy: defaultPolicy,
    policyName: "default",
    ofUsers: [{ policyName: "service", policy: { ...defaultPolicy, mfa: "exempt" }, users: ["backup"] }],
    syncMinutes: 60,
  }),
  revocation: () => ({ ...base, target: { scope: "user", user: "alice" } }),
};
const schemas = {
  bundle: bundleSchema,
  "machine-policy": machinePolicySchema,
  revocation: revocationSchema,
} as const;
const labels = ["bundle", "machine-policy", "revocation"] as const;

interface Input {
  readonly label: (typeof labels)[number];
  readonly opened: (typeof labels)[number];
  readonly edits: readonly Edit[];
  readonly sealedEdits: readonly Edit[];
  /** After signing. */
  readonly flip: { readonly part: "payload" | "signature" | "sealed"; readonly bit: number } | null;
}

export const documents = target<Input>({
  name: "documents",
  what: "signed documents and sealed boxes, by one bit and by structure",
  inputs: fc.record({
    label: fc.constantFrom(...labels),
    opened: fc.constantFrom(...labels),
    edits: fc.array(edit, { maxLength: 3 }),
    sealedEdits: fc.array(edit, { maxLength: 2 }),
    flip: fc.option(
      fc.record({ part: fc.constantFrom("payload", "signature", "sealed"), bit: fc.nat({ max: 30_000 }) }),
    ),
  }),
  open: async () => {
    const server = deriveIdentity(new Uint8Array(32).fill(1));
    const agent = deriveIdentity(new Uint8Array(32).fill(2));
    return {
      try({ label, opened, edits, sealedEdits, flip }) {
        const inner = JSON.stringify(edited(content, sealedEdits)) ?? "";
        const box = sealTo(agent.box.publicKey, Buffer.from(inner, "utf8"));
        const sealed = flip?.part === "sealed" ? (flipped(box, flip.bit) ?? box) : box;
        if (flip?.part === "sealed")
          expectThat(openSealed(agent.box, sealed) === undefined, "a changed box opens");
        const said = edited(contents[label](sealed.toBase64()), edits);
        if (said === undefined) return;
        const signed = signDocument(label, said, server.signing.privateKey);
        const document =
          flip === null || flip.part === "sealed"
            ? signed
            : {
                ...signed,
                [flip.part]:
                  flipped(Buffer.from(signed[flip.part], "base64"), flip.bit)?.toString("base64") ?? "",
              };
        const shape = v.safeParse(signedDocumentSchema, document);
        const taken = openDocument(opened, document, server.signing.publicKey, schemas[opened]);
        if (opened !== label || document !== signed)
          expectThat(!taken.ok, `a ${label} that was changed or stands for a ${opened} is taken`);
        if (taken.ok) {
          expectThat(shape.success, "what is taken could not have been sent");
          const again = signDocument(opened, taken.value, server.signing.privateKey);
          expectSame(
            openDocument(opened, again, server.signing.publicKey, schemas[opened]),
            taken,
            "written again, it is another",
          );
        } else {
          expectSentence(taken.error, 64);
          expectNothingOf(JSON.stringify(said), taken.error, "the error");
        }
        if (label !== "bundle" || opened !== "bundle") return;
        const bundle = openBundle(document, server.signing.publicKey, agent.box);
        if (flip !== null) expectThat(!bundle.ok, "a bundle with a flipped bit opens");
        if (!bundle.ok) {
          expectSentence(bundle.error, 64);
          expectNothingOf(inner, bundle.error, "the error");
        } else {
          const ids = bundle.value.authenticators.map(({ id }) => id);
          expectThat(new Set(ids).size === ids.length, "two authenticators with one id");
          expectSame(
            JSON.parse(JSON.stringify(bundle.value.authenticators)),
            bundle.value.authenticators,
            "not JSON",
          );
        }
      },
    };
  },
});
