// The forms on a page, read as a browser reads them, and filled in.

interface ShownField {
  readonly name: string;
  /** `select`, `textarea`, or the type of an input. */
  readonly type: string;
  readonly value: string;
  readonly checked: boolean;
  readonly choices: readonly string[];
  readonly readonly: boolean;
}

export interface ShownForm {
  /** Where its buttons send it. */
  readonly actions: readonly string[];
  readonly fields: readonly ShownField[];
}

export function formsOn(page: string): ShownForm[] {
  // As every parser of HTML reads line ends.
  return [...page.replaceAll("\r\n", "\n").matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)]
    .filter(([, head = ""]) => head.includes('method="post"'))
    .map(([, head = "", inside = ""]) => ({
      actions: [
        attribute(head, "action"),
        ...[...inside.matchAll(/<button[^>]* formaction="[^"]*"[^>]*>/g)].map(([button]) =>
          attribute(button, "formaction"),
        ),
      ],
      fields: fieldsIn(inside),
    }));
}

function fieldsIn(inside: string): ShownField[] {
  const tags =
    /<input\b([^>]*)>|<textarea\b([^>]*)>\n?([^<]*)<\/textarea>|<select\b([^>]*)>(.*?)<\/select>/gs;
  return [...inside.matchAll(tags)].map(([, input, area, text = "", select, options = ""]) => {
    const head = input ?? area ?? select ?? "";
    const choices = [...options.matchAll(/<option value="([^"]*)"( selected)?>/g)];
    const chosen = choices.find(([, , selected]) => selected !== undefined) ?? choices[0];
    return {
      name: attribute(head, "name"),
      type: input === undefined ? (area === undefined ? "select" : "textarea") : attribute(head, "type"),
      value:
        input === undefined
          ? plain(area === undefined ? (chosen?.[1] ?? "") : text)
          : attribute(head, "value"),
      checked: / checked/.test(head),
      choices: choices.map(([, value = ""]) => plain(value)),
      readonly: / readonly/.test(head),
    };
  });
}

function attribute(head: string, name: string): string {
  return plain(new RegExp(` ${name}="([^"]*)"`).exec(head)?.[1] ?? "");
}

function plain(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

export const typedSecret = "a secret that nobody reads";

/** Every field that a person sees, with something in it that is none of ours and has to be escaped. */
export function typedInto({ fields }: ShownForm): ShownField[] {
  return fields.map((field) => {
    if (field.type === "hidden" || field.readonly) return field;
    switch (field.type) {
      case "select":
        return { ...field, value: field.choices.at(-1) ?? "" };
      case "textarea":
        return { ...field, value: `\none\n</textarea><b>two\n\n"${field.name}"` };
      case "password":
        return { ...field, value: typedSecret };
      case "checkbox":
        return { ...field, checked: !field.checked };
      case "number":
        return { ...field, value: "7" };
      default:
        return { ...field, value: ` "><script>${field.name}</script> $& é '` };
    }
  });
}

/** What a browser would send; textareas with the line ends of one. */
export function sentBy(fields: readonly ShownField[]): Record<string, string[]> {
  const sent: Record<string, string[]> = {};
  for (const { name, type, value, checked } of fields) {
    if (type === "checkbox" && !checked) continue;
    sent[name] = [...(sent[name] ?? []), value.replaceAll("\n", "\r\n")];
  }
  return sent;
}

/** What no page has again. */
export const isSecret = ({ name, type }: ShownField) => type === "password" || /code$/.test(name);

/** What a person has typed or chosen and sees again, by name. */
export function visible(fields: readonly ShownField[]): Record<string, string | boolean> {
  const seen = fields.filter((field) => field.type !== "hidden" && !isSecret(field));
  return Object.fromEntries(
    seen.map(({ name, type, value, checked }) => [name, type === "checkbox" ? checked : value]),
  );
}
