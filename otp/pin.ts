// Server-side PINs: what may be one, and where it stands in what a person types. Pure. A PIN is 4 to 8 letters and digits of
// ASCII, so that every keyboard of a sign-in screen has it; capital and small letters differ.

import { ocraSuite } from "./ocra.ts";

export const pinPlaces = ["none", "before", "after"] as const;
export type PinPlace = (typeof pinPlaces)[number];

export const pinComplexities = ["decimal", "alphanumeric", "strong"] as const;
export type PinComplexity = (typeof pinComplexities)[number];

export const leastPinLength = 4;
export const mostPinLength = 8;

export interface PinRules {
  readonly leastLength: number;
  /** `decimal`: digits do, letters may. `alphanumeric`: both. `strong`: a capital letter, a small one and a digit. */
  readonly complexity: PinComplexity;
  readonly trivial: "refused" | "allowed";
}

export type PinFault =
  | "pin-characters"
  | "pin-too-short"
  | "pin-too-long"
  | "pin-needs-both"
  | "pin-needs-three"
  | "pin-trivial";

/** The first rule that a new PIN breaks. */
export function pinFault(pin: string, rules: PinRules): PinFault | undefined {
  if (!/^[0-9A-Za-z]*$/.test(pin)) return "pin-characters";
  if (pin.length < rules.leastLength) return "pin-too-short";
  if (pin.length > mostPinLength) return "pin-too-long";
  const [digit, small, capital] = [/\d/.test(pin), /[a-z]/.test(pin), /[A-Z]/.test(pin)];
  if (rules.complexity === "alphanumeric" && !(digit && (small || capital))) return "pin-needs-both";
  if (rules.complexity === "strong" && !(digit && small && capital)) return "pin-needs-three";
  if (rules.trivial === "refused" && isTrivial(pin)) return "pin-trivial";
  return undefined;
}

/** One character alone, or neighbours in one direction from the first to the last: `2222`, `1234`, `6543`, `abCD`. */
export function isTrivial(pin: string): boolean {
  const codes = [...pin.toLowerCase()].map((one) => one.charCodeAt(0));
  const steps = new Set(codes.slice(1).map((code, at) => code - (codes[at] ?? 0)));
  const [step = 0, ...others] = steps;
  return others.length === 0 && Math.abs(step) <= 1;
}

/** Of what an app or a token shows. */
export function codeLength(key: { readonly digits: number } | { readonly suite: string }): number {
  return "digits" in key ? key.digits : ocraSuite(key.suite).digits;
}

/** What was typed as one, apart: the code has `digits` characters, whatever is left is meant as the PIN. */
export function splitPin(
  typed: string,
  digits: number,
  place: Exclude<PinPlace, "none">,
): { readonly pin: string; readonly code: string } {
  const at = Math.max(0, typed.length - digits);
  return place === "before"
    ? { pin: typed.slice(0, at), code: typed.slice(at) }
    : { pin: typed.slice(digits), code: typed.slice(0, digits) };
}
