// As much of JSON Schema as the description of the API uses. A word that is not known here is a mistake, not a pass.

interface Schema {
  readonly [word: string]: unknown;
}

/** Where and why the value is not what the schema says; empty when it is. */
export function faultsOf(schema: Schema, value: unknown, at = "$"): string[] {
  return Object.entries(schema).flatMap(([word, wanted]) => {
    const check = words[word];
    if (check === undefined) throw new Error(`${word} is not known here`);
    return check(wanted as never, value, at, schema);
  });
}

type Check = (wanted: never, value: unknown, at: string, schema: Schema) => string[];

const unless = (fine: boolean, fault: string): string[] => (fine ? [] : [fault]);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

const words: Readonly<Record<string, Check>> = {
  type: (wanted: string, value, at) => {
    const is = typeOf(value);
    return unless(
      is === wanted || (wanted === "number" && is === "integer"),
      `${at} is ${is}, not ${wanted}`,
    );
  },
  const: (wanted: unknown, value, at) => unless(value === wanted, `${at} is not ${JSON.stringify(wanted)}`),
  enum: (wanted: readonly unknown[], value, at) => unless(wanted.includes(value), `${at} is none of them`),
  pattern: (wanted: string, value, at) =>
    unless(typeof value !== "string" || new RegExp(wanted, "u").test(value), `${at} does not match`),
  minLength: (wanted: number, value, at) =>
    unless(typeof value !== "string" || value.length >= wanted, `${at} is too short`),
  maxLength: (wanted: number, value, at) =>
    unless(typeof value !== "string" || Buffer.byteLength(value) <= wanted, `${at} is too long`),
  minimum: (wanted: number, value, at) =>
    unless(typeof value !== "number" || value >= wanted, `${at} is low`),
  maximum: (wanted: number, value, at) =>
    unless(typeof value !== "number" || value <= wanted, `${at} is high`),
  minItems: (wanted: number, value, at) =>
    unless(!Array.isArray(value) || value.length >= wanted, `${at} has too few`),
  maxItems: (wanted: number, value, at) =>
    unless(!Array.isArray(value) || value.length <= wanted, `${at} has too many`),
  contentEncoding: (_wanted: never, value, at) =>
    unless(
      typeof value !== "string" || Buffer.from(value, "base64").toString("base64") === value,
      `${at} is not base64`,
    ),
  items: (wanted: Schema, value, at) =>
    Array.isArray(value) ? value.flatMap((item, n) => faultsOf(wanted, item, `${at}[${n}]`)) : [],
  properties: (wanted: Record<string, Schema>, value, at) =>
    Object.entries(wanted).flatMap(([name, schema]) =>
      isObject(value) && Object.hasOwn(value, name) ? faultsOf(schema, value[name], `${at}.${name}`) : [],
    ),
  required: (wanted: readonly string[], value, at) =>
    wanted.flatMap((name) =>
      unless(!isObject(value) || Object.hasOwn(value, name), `${at}.${name} is missing`),
    ),
  additionalProperties: (wanted: boolean, value, at, { properties }) =>
    isObject(value) && !wanted
      ? Object.keys(value).flatMap((name) =>
          unless(Object.hasOwn(properties as object, name), `${at}.${name} is not described`),
        )
      : [],
  anyOf: (wanted: readonly Schema[], value, at) =>
    unless(
      wanted.some((schema) => faultsOf(schema, value, at).length === 0),
      `${at} fits none`,
    ),
  oneOf: (wanted: readonly Schema[], value, at) => {
    const fitting = wanted.filter((schema) => faultsOf(schema, value, at).length === 0).length;
    return unless(fitting === 1, `${at} fits ${fitting}`);
  },
};
