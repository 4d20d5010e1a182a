// The form of a policy in the console, filled in as it stands.

import type { Browser } from "./browser.ts";

/** The fields as they stand in the form on the page that is open. */
export function fieldsOf({ page }: Browser): Record<string, string> {
  const main = page.slice(page.indexOf("/admin/policies/look"));
  const text = (html: string) =>
    html
      .replaceAll("&quot;", '"')
      .replaceAll("&#39;", "'")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&");
  const inputs = [...main.matchAll(/<input[^>]*>/g)].map(([input]) => [
    /name="([^"]*)"/.exec(input)?.[1] ?? "",
    text(/value="([^"]*)"/.exec(input)?.[1] ?? ""),
  ]);
  const selects = [...main.matchAll(/<select[^>]*name="([^"]*)".*?<option value="([^"]*)" selected>/gs)].map(
    ([, name = "", value = ""]) => [name, value],
  );
  return Object.fromEntries([...inputs, ...selects].filter(([name]) => name !== "form-token"));
}
