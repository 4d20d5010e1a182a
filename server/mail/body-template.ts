// What is sent to a gateway: a template with {to} and {text}, filled in inside its strings and never as text around them, so
// that nothing of a message can add a field. Pure.

export type BodyFormat = "json" | "form";

/** Undefined when the template can be filled in. */
export function templateProblem(format: BodyFormat, template: string): string | undefined {
  if (format === "json" && parseJson(template) === undefined) return "the body is not JSON";
  const filled = fillIn(format, template, { to: "\ue000", text: "\ue001" });
  const seen = format === "json" ? filled : decodeURIComponent(filled);
  if (!seen.includes("\ue000") || !seen.includes("\ue001"))
    return "the body needs {to} and {text} in its values";
  return undefined;
}

export function fillIn(
  format: BodyFormat,
  template: string,
  values: { readonly to: string; readonly text: string },
): string {
  const into = (text: string) =>
    text.replaceAll(/\{(to|text)\}/g, (_, name: string) => (name === "to" ? values.to : values.text));
  if (format === "json") return JSON.stringify(walk(parseJson(template), into));
  const pairs = [...new URLSearchParams(template)].map(([key, value]): [string, string] => [
    key,
    into(value),
  ]);
  return new URLSearchParams(pairs).toString();
}

function walk(value: unknown, into: (text: string) => string): unknown {
  if (typeof value === "string") return into(value);
  if (Array.isArray(value)) return value.map((one) => walk(one, into));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, into)]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
