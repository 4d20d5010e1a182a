// The cells of a record that make authenticators: a secret with its parameters beside it, or otpauth URIs that hold all.

import { InvalidParameterError, MissingParameterError, parse as parseUri } from "@otplib/uri";
import { type Algorithm, algorithms } from "../../otp/hotp.ts";
import { answerableSuite, commonSuite, suiteForm } from "../../otp/response.ts";
import { fromBase32 } from "../../words/base32.ts";
import { secretFault } from "../authenticators/manage.ts";
import { readSecret, type SecretEncoding } from "../authenticators/written-secret.ts";

/** Said once for a whole source: many a hexadecimal secret could be read as base32, too, and would give other codes. */

export interface KeyCells {
  readonly secret: string;
  readonly type: string;
  readonly algorithm: string;
  readonly digits: string;
  readonly period: string;
  readonly counter: string;
  readonly suite: string;
  readonly most: number;
}

interface CodeParameters {
  readonly algorithm: Algorithm;
  readonly digits: 6 | 7 | 8;
}

export type OtpKey = { readonly secret: Uint8Array } & (
  | ({ readonly type: "totp"; readonly periodSeconds: number } & CodeParameters)
  | ({ readonly type: "hotp"; readonly counter: number } & CodeParameters)
  | { readonly type: "ocra"; readonly suite: string }
);

type Parameter = "secret" | "type" | "algorithm" | "digits" | "period" | "counter" | "suite";
type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly field: Parameter; readonly error: string };

export function readKeys(cells: KeyCells, encoding: SecretEncoding): Read<readonly OtpKey[]> {
  // A type or a number of digits beside no secret: the others in the file have tokens, this person has none.
  if (cells.secret === "") return { ok: true, value: [] };
  const read = /^otpauth:/i.test(cells.secret) ? readUris(cells) : readOne(cells, encoding);
  if (!read.ok) return read;
  const secrets = read.value.map(({ secret }) => secret.toBase64());
  if (new Set(secrets).size < secrets.length) return no("secret", "the same secret twice");
  return read;
}

function readUris(cells: KeyCells): Read<readonly OtpKey[]> {
  const texts = cells.secret.split(/\s+/);
  if (texts.length > cells.most) return no("secret", `a user has at most ${cells.most} authenticators`);
  const keys: OtpKey[] = [];
  for (const text of texts) {
    const read = readUri(text);
    if (!read.ok) return read;
    keys.push(read.value);
  }
  return { ok: true, value: keys };
}

function readUri(text: string): Read<OtpKey> {
  if (/^otpauth:\/\/ocra\//i.test(text)) return readOcraUri(text);
  let uri: ReturnType<typeof parseUri>;
  try {
    uri = parseUri(text.replace(/^otpauth:/i, "otpauth:"));
  } catch (error) {
    // Their messages repeat what was given.
    if (error instanceof MissingParameterError) return no("secret", "the otpauth URI has no secret");
    if (error instanceof InvalidParameterError)
      return no("secret", "a type, algorithm, digits, period or counter in the otpauth URI that can't be");
    return no("secret", "not an otpauth URI; several are parted by spaces");
  }
  const { type, params } = uri;
  return readParameters(fromBase32(params.secret), "the secret in the otpauth URI is not base32", {
    type,
    algorithm: params.algorithm ?? "",
    digits: String(params.digits ?? ""),
    period: String(params.period ?? ""),
    counter: String(params.counter ?? ""),
    suite: "",
  });
}

/** As this server exports them; the library for the other ones has no such type. */
function readOcraUri(text: string): Read<OtpKey> {
  const parameters = new Map<string, string>();
  for (const [key, value] of URL.parse(text)?.searchParams ?? []) {
    if (parameters.has(key.toLowerCase())) return no("secret", "a parameter of the otpauth URI twice");
    parameters.set(key.toLowerCase(), value);
  }
  const secret = parameters.get("secret");
  if (secret === undefined) return no("secret", "the otpauth URI has no secret");
  const suite = parameters.get("ocrasuite");
  if (suite === undefined) return no("secret", "the otpauth URI has no ocrasuite");
  const none = { algorithm: "", digits: "", period: "", counter: "" };
  return readParameters(fromBase32(secret), "the secret in the otpauth URI is not base32", {
    type: "ocra",
    ...none,
    suite,
  });
}

function readOne(cells: KeyCells, encoding: SecretEncoding): Read<readonly OtpKey[]> {
  const text = cells.secret;
  const [secret, hint] =
    encoding === "base32"
      ? [
          readSecret(text, encoding),
          "not base32; if the secrets are hexadecimal, say so with --secret-encoding hex",
        ]
      : [readSecret(text, encoding), "not hexadecimal"];
  const read = readParameters(secret, hint, cells);
  return read.ok ? { ok: true, value: [read.value] } : read;
}

function readParameters(
  secret: Uint8Array | undefined,
  hint: string,
  given: Omit<KeyCells, "secret" | "most">,
): Read<OtpKey> {
  if (secret === undefined) return no("secret", hint);
  const fault = secretFault(secret);
  if (fault !== undefined) return no("secret", fault);
  const type = given.type.toLowerCase() || "totp";
  if (type === "ocra") return readOcra(secret, given);
  if (type !== "totp" && type !== "hotp") return no("type", "give totp, hotp or ocra");
  if (given.suite !== "") return no("suite", "only keys of the type ocra have one");
  const algorithm = algorithmOf(given.algorithm || "sha1");
  if (algorithm === undefined) return no("algorithm", `give one of ${algorithms.join(", ")}`);
  const digits = ([6, 7, 8] as const).find((known) => String(known) === (given.digits || "6"));
  if (digits === undefined) return no("digits", "give 6, 7 or 8");
  if (type === "totp") {
    const periodSeconds = wholeNumber(given.period || "30", 10, 86_400);
    if (periodSeconds === undefined) return no("period", "give whole seconds from 10 to 86400");
    return { ok: true, value: { type, secret, algorithm, digits, periodSeconds } };
  }
  // As far as a machine may have said that it is: what was exported must come back in.
  const counter = wholeNumber(given.counter || "0", 0, Number.MAX_SAFE_INTEGER);
  if (counter === undefined) return no("counter", `give a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  return { ok: true, value: { type, secret, algorithm, digits, counter } };
}

/** What stands beside the suite may be there for other rows; it may not say something else. */
function readOcra(secret: Uint8Array, given: Pick<KeyCells, "suite" | "algorithm" | "digits">): Read<OtpKey> {
  const suite = answerableSuite(given.suite || commonSuite);
  if (suite === undefined) return no("suite", `give one like ${suiteForm}`);
  if (given.digits !== "" && given.digits !== String(suite.digits))
    return no("digits", "other than in the suite, which is the common one where none is given");
  if (given.algorithm !== "" && algorithmOf(given.algorithm) !== suite.algorithm)
    return no("algorithm", "another than in the suite, which is the common one where none is given");
  return { ok: true, value: { type: "ocra", secret, suite: suite.name } };
}

function algorithmOf(text: string): Algorithm | undefined {
  const plainName = text
    .toLowerCase()
    .replace(/^hmac-?/, "")
    .replace("-", "");
  return algorithms.find((known) => known === plainName);
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}

function no(field: Parameter, error: string): { ok: false; field: Parameter; error: string } {
  return { ok: false, field, error };
}
