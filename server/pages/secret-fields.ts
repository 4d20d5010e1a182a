// The fields whose content is never written into a page: what somebody typed into one is typed again.

export const secretNames = ["password", "old", "fresh", "repeated", "header"] as const;
export type SecretName = (typeof secretNames)[number];

/** Codes are good once or for seconds: kept, they would only be wrong. */
const codeNames = ["code", "mail-code", "screen-code"] as const;

const unkept: ReadonlySet<string> = new Set([...secretNames, ...codeNames]);

export function isUnkept(name: string): boolean {
  return unkept.has(name);
}
