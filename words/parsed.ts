// How every parser answers: the value, or one sentence a person can act on. The sentence never repeats a secret.

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function unparsed(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}
