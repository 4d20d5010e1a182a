/** Closes a switch over a union: a case that is forgotten does not compile, and one that slips past the types throws. */
export function unreachable(value: never): never {
  throw new Error(`a case nobody thought of: ${typeof value}`);
}
