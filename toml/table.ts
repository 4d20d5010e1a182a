/** A TOML table: not a list, and not one of the parser's dates, which are objects as well. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
