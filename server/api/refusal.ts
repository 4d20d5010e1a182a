// Everything that is not a signed answer. The texts are fixed: nothing of a request, and nothing about why a signature or
// a token did not do, comes back to the asker.

export const refusals = {
  malformed: { status: 400, message: "the request is not what this exchange asks for" },
  unsigned: { status: 401, message: "the request is not signed by a machine known here" },
  "join-refused": { status: 403, message: "the join token is not valid: unknown, expired or used up" },
  "not-found": { status: 404, message: "there is nothing at this address" },
  "sequence-conflict": { status: 409, message: "the request's sequence has been used" },
  "keys-retired": { status: 409, message: "the request is signed with keys that were replaced" },
  "too-large": { status: 413, message: "the request is larger than this exchange may be" },
  "too-many": { status: 429, message: "too many requests from this address; try again in a minute" },
  internal: { status: 500, message: "the server could not answer" },
  unavailable: { status: 503, message: "the server could not answer in time" },
} as const;

export type RefusalCode = keyof typeof refusals;

export function refusalBody(code: RefusalCode): { error: { code: RefusalCode; message: string } } {
  return { error: { code, message: refusals[code].message } };
}
