/** What a person typed as a one-time code, without the spaces and hyphens that apps show it with. */
export function normaliseDigits(typed: string): string {
  return typed.replaceAll(/[\s-]/g, "");
}

/** True only for exactly `digits` ASCII digits. */
export function isCode(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9]+$/.test(text);
}
