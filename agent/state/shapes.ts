// The shapes of what is sealed. A record that opens but has another shape is damage too.

import * as v from "valibot";
import { machineIdText, userNameText } from "../../protocol/sync/documents.ts";
import { base64Of, wholeNumber } from "../../protocol/sync/encoding.ts";
import { spentSchema } from "../../protocol/sync/exchanges.ts";

const failureCountSchema = v.strictObject({
  inARow: wholeNumber,
  lockedAt: v.nullable(v.strictObject({ sinceBootMs: wholeNumber, bootId: v.string() })),
});

const bootMoment = { sinceBootMs: wholeNumber, bootId: v.string() };
const helpDeskCountSchema = v.strictObject({
  challenge: v.nullable(v.strictObject({ digits: v.string(), ...bootMoment })),
  tries: v.array(v.strictObject(bootMoment)),
});

/** See policy/standing.ts, whose `Standing` this is, but for the bundle: that is a record of its own. */
export const standingSchema = v.strictObject({
  user: userNameText,
  enrolledAtMs: wholeNumber,
  lastSyncedAtMs: wholeNumber,
  leaseId: v.string(),
  signInsUsed: wholeNumber,
  spent: v.array(spentSchema),
  failures: v.strictObject({ system: failureCountSchema, self: failureCountSchema }),
  guesses: v.strictObject({ system: wholeNumber, self: wholeNumber }),
  grace: v.nullable(
    v.strictObject({ bootId: v.string(), sinceBootMs: wholeNumber, unlocksUsed: wholeNumber }),
  ),
  helpDesk: v.strictObject({ system: helpDeskCountSchema, self: helpDeskCountSchema }),
});

/** Who is gone from here: what they had spent is remembered, and which bundles may not bring them back. */
export const tombstoneSchema = v.strictObject({
  user: userNameText,
  serial: wholeNumber,
  spent: v.array(spentSchema),
});
export type Tombstone = v.InferOutput<typeof tombstoneSchema>;

/** Documents of longer ago have been replaced by then. */
export const mostEarlierKeys = 8;

/** The server this machine has joined, and who it is there. */
export const serverRecordSchema = v.strictObject({
  url: v.string(),
  machine: machineIdText,
  signingKey: base64Of(32),
  boxKey: base64Of(32),
  /** Left out as long as the keys are the server's first, number 0. */
  keys: v.optional(
    v.strictObject({
      number: wholeNumber,
      /** The newest last. Until its end a key is good for what arrives; for what lies here already it stays good. */
      earlier: v.pipe(
        v.array(v.strictObject({ signingKey: base64Of(32), endsAtMs: wholeNumber })),
        v.maxLength(mostEarlierKeys),
      ),
    }),
  ),
});
export type ServerRecord = v.InferOutput<typeof serverRecordSchema>;
