// Whatever bytes come back, a conversation ends with the right answer or with a TpmError: no crash, no wrong secret.

import fc from "fast-check";
import { expect, test } from "vitest";
import { TpmError } from "../../agent/platform/tpm/failures.ts";
import {
  type CounterIndex,
  counterState,
  freeHandle,
  readCounter,
} from "../../agent/platform/tpm/nv-counter.ts";
import { seal, unseal } from "../../agent/platform/tpm/sealed-object.ts";
import { withStorageKey } from "../../agent/platform/tpm/storage-key.ts";
import { Tpm } from "../../agent/platform/tpm/tpm.ts";
import { type TpmTransport, tpmTransport } from "../../agent/platform/tpm/transport.ts";
import { clock, libc, random } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

const index: CounterIndex = { handle: 0x1804e4c, label: new Uint8Array(32) };
const object = { publicArea: new Uint8Array(40), privateArea: new Uint8Array(100) };

/** All that is ever asked of a TPM. */
const asked: readonly ((tpm: Tpm) => unknown)[] = [
  (tpm) => withStorageKey(tpm, (key) => seal(tpm, key, random, new Uint8Array(32))),
  (tpm) => withStorageKey(tpm, (key) => unseal(tpm, key, random, object)),
  (tpm) => freeHandle(tpm),
  (tpm) => counterState(tpm, index),
  (tpm) => readCounter(tpm, index),
];

function saying(answer: () => Uint8Array): TpmTransport {
  return { exchange: answer, release: () => undefined, pause: () => undefined };
}

/** What may come instead of an answer: a refusal in so many words, or a wrong one. */
function outcome<T>(work: () => T): T | "refused" {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(TpmError);
    return "refused";
  }
}

/** With a header that fits, so that what is behind it is read too. */
const framed = fc
  .record({
    tag: fc.constantFrom(0x8001, 0x8002),
    response: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(0xfff)),
    body: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ tag, response, body }) => {
    const header = Buffer.alloc(10);
    header.writeUInt16BE(tag);
    header.writeUInt32BE(body.length + 10, 2);
    header.writeUInt32BE(response, 6);
    return Buffer.concat([header, body]);
  });

test("bytes by chance", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...asked),
      fc.oneof(framed, fc.uint8Array({ maxLength: 64 })),
      (ask, bytes) => {
        outcome(() =>
          ask(
            new Tpm(
              saying(() => bytes),
              clock,
              1_000,
            ),
          ),
        );
      },
    ),
    { numRuns: 5_000 },
  );
});

test("a good conversation with one answer changed, cut off or made longer: never another secret", async () => {
  const { device } = await SwTpm.start();
  const real = tpmTransport(device, libc, clock);
  const secret = random.bytes(68);
  const talk = (transport: TpmTransport) => {
    const tpm = new Tpm(transport, clock, 5_000);
    try {
      return withStorageKey(tpm, (key) => unseal(tpm, key, random, sealed));
    } finally {
      tpm.end();
    }
  };
  const tpm = new Tpm(real, clock, 5_000);
  const sealed = withStorageKey(tpm, (key) => seal(tpm, key, random, secret));
  const answers: number[] = [];
  const counting: TpmTransport = {
    exchange(command, deadlineMs) {
      const answer = real.exchange(command, deadlineMs);
      answers.push(answer.length);
      return answer;
    },
    release: () => real.release(),
    pause: () => undefined,
  };
  expect(talk(counting)).toEqual(Buffer.from(secret));
  expect(answers.length).toBeGreaterThan(4);

  const where = fc.record({
    answer: fc.nat(answers.length - 1),
    at: fc.nat(400),
    how: fc.constantFrom("flipped", "cut", "longer"),
    bit: fc.nat(7),
  });
  fc.assert(
    fc.property(where, ({ answer: which, at, how, bit }) => {
      let seen = 0;
      const changing: TpmTransport = {
        ...counting,
        exchange(command, deadlineMs) {
          const answer = Buffer.from(real.exchange(command, deadlineMs));
          if (seen++ !== which) return answer;
          const place = at % answer.length;
          if (how === "cut") return answer.subarray(0, place);
          if (how === "longer") return Buffer.concat([answer, Buffer.alloc(1 + bit)]);
          answer[place] = (answer[place] ?? 0) ^ (1 << bit);
          return answer;
        },
      };
      const opened = outcome(() => talk(changing));
      // An answer of FlushContext may say what it will: the secret is out already, and right.
      if (opened !== "refused") expect(opened).toEqual(Buffer.from(secret));
      // A handle that was changed on its way is one that could not be freed.
      for (const handle of [0x80000000, 0x80000001, 0x80000002, 0x02000000, 0x02000001, 0x02000002])
        new Tpm(real, clock, 5_000).using(handle, () => undefined);
      real.release();
    }),
    { numRuns: 400 },
  );
});
