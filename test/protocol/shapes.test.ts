// What comes from the other side has exactly the shape that is written down: nothing less, nothing more, at any depth.

import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { signedDocumentSchema } from "../../protocol/crypto/signed-document.ts";
import {
  authenticatorsSchema,
  bundleSchema,
  machinePolicySchema,
  revocationSchema,
} from "../../protocol/sync/documents.ts";
import { base64, base64Of, wholeNumber, wholeNumberUpTo } from "../../protocol/sync/encoding.ts";
import { eventLine, eventSchema } from "../../protocol/sync/events.ts";
import {
  answersSchema,
  type ExchangeName,
  exchanges,
  maxEventsAtOnce,
} from "../../protocol/sync/exchanges.ts";
import { defaultPolicy, policySchema } from "../../protocol/sync/policy.ts";
import * as examples from "./exchange-examples.ts";

const names = Object.keys(exchanges) as ExchangeName[];

const shapes: readonly (readonly [string, v.GenericSchema, unknown])[] = [
  ...names.map((name) => [`${name} request`, exchanges[name].request, examples.requests[name]] as const),
  ...names.map((name) => [`${name} response`, exchanges[name].response, examples.responses[name]] as const),
  ...examples.otherResults.map(
    (result) =>
      [
        `verify response ${result.verdict}`,
        exchanges.verify.response,
        { ...examples.responses.verify, result },
      ] as const,
  ),
  ["signed document", signedDocumentSchema, examples.responses.join.machinePolicy],
  ["bundle", bundleSchema, examples.bundle],
  ["machine policy", machinePolicySchema, examples.machinePolicy],
  ...examples.revocations.map((one) => [`revocation: ${one.target.scope}`, revocationSchema, one] as const),
  ["authenticators", authenticatorsSchema, examples.authenticators],
  ["policy", policySchema, defaultPolicy],
  ["event", eventSchema, examples.event],
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every variant of a value in which `change` has been made to one object somewhere in it, with the place. */
function* everywhere(
  value: Json,
  change: (object: { [key: string]: Json }) => Iterable<readonly [string, Json]>,
  place = "",
): Generator<readonly [string, Json]> {
  if (Array.isArray(value)) {
    for (const [at, each] of value.entries())
      for (const [where, changed] of everywhere(each, change, `${place}[${at}]`))
        yield [where, value.with(at, changed)];
  } else if (typeof value === "object" && value !== null) {
    for (const [what, changed] of change(value)) yield [`${place}.${what}`, changed];
    for (const [key, each] of Object.entries(value))
      for (const [where, changed] of everywhere(each, change, `${place}.${key}`))
        yield [where, { ...value, [key]: changed }];
  }
}

/** `__proto__` among them as a key of the object's own, as `JSON.parse` makes it. */
const strange = [
  "extra",
  "",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "Sequence",
  "0",
];

function* withUnknownKey(object: { [key: string]: Json }): Generator<readonly [string, Json]> {
  for (const key of strange) {
    const text = JSON.stringify({ ...object, "\u0001": 1 }).replace('"\\u0001"', JSON.stringify(key));
    yield [key, JSON.parse(text)];
  }
}

function* withoutOneKey(object: { [key: string]: Json }): Generator<readonly [string, Json]> {
  for (const gone of Object.keys(object))
    yield [gone, Object.fromEntries(Object.entries(object).filter(([key]) => key !== gone))];
}

function* withOneOfAnotherType(object: { [key: string]: Json }): Generator<readonly [string, Json]> {
  for (const [key, value] of Object.entries(object)) {
    const others: Json[] = [typeof value === "string" ? 7.5 : "text \u0000", [[]], { nothing: {} }];
    if (typeof value !== "boolean") others.push(true);
    for (const other of others) yield [`${key}=${JSON.stringify(other)}`, { ...object, [key]: other }];
  }
}

function taken(schema: v.GenericSchema, value: unknown): boolean {
  return v.safeParse(schema, value).success;
}

/** The places at which a changed example is taken all the same. */
function takenAt(
  schema: v.GenericSchema,
  example: unknown,
  change: Parameters<typeof everywhere>[1],
): string[] {
  const all = [...everywhere(JSON.parse(JSON.stringify(example)), change)];
  return all.filter(([, changed]) => taken(schema, changed)).map(([where]) => where);
}

describe.each(shapes)("%s", (name, schema, example) => {
  test("is taken as it is, and nothing of it is lost", () => {
    const parsed = v.safeParse(schema, JSON.parse(JSON.stringify(example)));
    expect(parsed.issues ?? []).toEqual([]);
    expect(parsed.output).toEqual(example);
  });

  test("is refused with an unknown key, at any depth", () => {
    expect(takenAt(schema, example, withUnknownKey)).toEqual([]);
  });

  test("is refused without any one of its keys, but for what an event can do without", () => {
    const spare = name === "event" ? [".user", ".signIn", ".service", ".offline", ".method", ".reason"] : [];
    expect(takenAt(schema, example, withoutOneKey)).toEqual(spare);
  });

  test("is refused with anything of another type in it", () => {
    expect(takenAt(schema, example, withOneOfAnotherType)).toEqual([]);
  });

  test("is refused where it is no object at all", () => {
    for (const value of [null, undefined, "", "{}", 0, true, [example]])
      expect(taken(schema, value)).toBe(false);
  });
});

describe("a policy's bounds", () => {
  const policy = (path: string, value: unknown) => {
    const [first = "", second] = path.split(".");
    const before = (defaultPolicy as Record<string, unknown>)[first];
    const changed = second === undefined ? value : { ...(before as object), [second]: value };
    return taken(policySchema, { ...defaultPolicy, [first]: changed });
  };

  test.each([
    ["offline.days", 0, 366],
    ["offline.signIns", 1, 100_000],
    ["lockout.failures", 0, 100],
    ["lockout.minutes", 1, 10_080],
    ["guessLimit", 1, 10_000],
    ["grace.unlocks", 0, 100],
    ["grace.minutes", 0, 1_440],
    ["totpWindow.past", 0, 10],
    ["totpWindow.future", 0, 10],
    ["hotpLookAhead", 0, 100],
    ["pin.leastLength", 4, 8],
    ["pin.attempts", 1, 100],
  ])("%s is a whole number from %i to %i", (path, least, most) => {
    expect([least - 1, least, most, most + 1].map((value) => policy(path, value))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    for (const value of [least + 0.5, Number.NaN, Number.POSITIVE_INFINITY, String(least), undefined])
      expect(policy(path, value)).toBe(false);
    expect(policy(path, null)).toBe(path === "offline.signIns");
  });

  test.each(["online.factors", "offline.factors"])(
    "%s are one to three questions of one to eight types",
    (path) => {
      expect(policy(path, [])).toBe(false);
      expect(policy(path, [[]])).toBe(false);
      expect(policy(path, [["totp"], []])).toBe(false);
      expect(policy(path, [["totp"], ["hotp"], ["backup-codes"]])).toBe(true);
      expect(policy(path, [["totp"], ["totp"], ["totp"], ["totp"]])).toBe(false);
      expect(policy(path, [Array.from({ length: 8 }, () => "totp")])).toBe(true);
      expect(policy(path, [Array.from({ length: 9 }, () => "totp")])).toBe(false);
      expect(policy(path, [["password"]])).toBe(false);
      expect(policy(path, ["totp"])).toBe(false);
    },
  );

  test("words are of their list", () => {
    for (const [path, good, bad] of [
      ["mfa", "exempt", "off"],
      ["enrol", "ask", "yes"],
      ["unreachable", "skip", "allow"],
      ["pin.complexity", "strong", "hard"],
      ["pin.trivial", "allowed", "yes"],
    ] as const)
      expect([policy(path, good), policy(path, bad), policy(path, good.toUpperCase())]).toEqual([
        true,
        false,
        false,
      ]);
    expect(policy("scope", [])).toBe(true);
    expect(policy("scope", ["remote"])).toBe(true);
    expect(policy("scope", ["login"])).toBe(false);
  });

  test("the default denies where the server is out of reach, asks everywhere, and limits offline use", () => {
    expect(defaultPolicy).toMatchObject({
      mfa: "required",
      scope: ["logon", "unlock", "elevate", "remote"],
      unreachable: "deny",
      offline: { days: 7, signIns: 50 },
      lockout: { failures: 5, minutes: 15 },
      guessLimit: 50,
      grace: { unlocks: 0, minutes: 0 },
    });
  });
});

describe("encodings", () => {
  const of = (count: number) => Buffer.alloc(count, 255).toString("base64");

  test.each([16, 32, 64])("base64 of exactly %i bytes", (count) => {
    const schema = base64Of(count);
    expect([count - 1, count, count + 1].map((bytes) => taken(schema, of(bytes)))).toEqual([
      false,
      true,
      false,
    ]);
    for (const text of [
      "",
      of(count).replaceAll("/", "_"),
      of(count).replace(/=+$/, ""),
      `${of(count)}\n`,
      ` ${of(count).slice(1)}`,
      "é".repeat(of(count).length),
    ])
      if (text !== of(count)) expect(taken(schema, text)).toBe(false);
  });

  test.each([1, 2, 3, 4, 10, 64, 128])("base64 of at most %i bytes", (most) => {
    const schema = base64(most);
    expect([0, 1, most, most + 1, most + 2, most + 3].map((bytes) => taken(schema, of(bytes)))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test("base64 of at least so many bytes", () => {
    expect([9, 10, 12, 13].map((bytes) => taken(base64(12, 10), of(bytes)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("whole numbers", () => {
    for (const good of [0, 1, Number.MAX_SAFE_INTEGER]) expect(taken(wholeNumber, good)).toBe(true);
    for (const bad of [
      -1,
      0.5,
      Number.MAX_SAFE_INTEGER + 1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "1",
      1n,
      null,
    ])
      expect(taken(wholeNumber, bad)).toBe(false);
    expect([2, 3, 5, 6].map((value) => taken(wholeNumberUpTo(5, 3), value))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe("sizes", () => {
  test("an OTP secret has 10 to 128 bytes: whatever is taken, a code can be computed of", () => {
    const [app] = examples.authenticators;
    const withSecret = (bytes: number) =>
      taken(authenticatorsSchema, [{ ...app, secret: Buffer.alloc(bytes, 1).toString("base64") }]);
    expect([0, 9, 10, 128, 129].map(withSecret)).toEqual([false, false, true, true, false]);
  });

  test("an authenticator's id occurs once in a bundle, whatever the types", () => {
    const [app, token] = examples.authenticators;
    expect(taken(authenticatorsSchema, [app, { ...app, id: "other" }])).toBe(true);
    expect(taken(authenticatorsSchema, [app, app])).toBe(false);
    expect(taken(authenticatorsSchema, [app, { ...token, id: app?.id }])).toBe(false);
  });

  test("lists end at their limits", () => {
    const { sync, verify } = examples.requests;
    const lines = (count: number) =>
      taken(exchanges.sync.request, {
        ...sync,
        events: { ...sync.events, lines: Array.from({ length: count }, () => "{}") },
      });
    expect([lines(0), lines(maxEventsAtOnce), lines(maxEventsAtOnce + 1)]).toEqual([true, true, false]);
    const words = (count: number) =>
      taken(exchanges.verify.request, {
        ...verify,
        spent: Array.from({ length: count }, () => verify.spent[0]),
      });
    expect([words(0), words(50), words(51)]).toEqual([true, true, false]);
  });

  test("an event's line has at most 2048 bytes, counted in UTF-8", () => {
    expect([taken(eventLine, "é".repeat(1_024)), taken(eventLine, `${"é".repeat(1_024)}a`)]).toEqual([
      true,
      false,
    ]);
  });

  test("one to three answers of at most 512 bytes each", () => {
    const ofBytes = (count: number) => "é".repeat(count / 2);
    expect([[], ["1"], ["", "", ""], ["1", "2", "3", "4"]].map((all) => taken(answersSchema, all))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([taken(answersSchema, [ofBytes(512)]), taken(answersSchema, [ofBytes(514)])]).toEqual([
      true,
      false,
    ]);
  });

  test("a verdict that nobody knows is refused", () => {
    for (const verdict of ["Granted", "ok", "skip", "", null])
      expect(taken(exchanges.verify.response, { ...examples.responses.verify, result: { verdict } })).toBe(
        false,
      );
  });
});
