// Extra headers for a gateway in front of the server.

import * as v from "valibot";
import { isTable } from "../../toml/table.ts";
import { Secret } from "../../words/secret.ts";

/** A value is a Secret: gateways are often opened with one. */
export type ExtraHeaders = Readonly<Record<string, Secret>>;

const mostHeaders = 16;
const longestValue = 4_096;

/** What the agent or HTTP itself says with a header; a second voice there would break or forge a request. */
const reserved: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-digest",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "signature",
  "signature-input",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
]);

const sentence = 'must be a table of header names and values, as in { "X-Gateway" = "abc" }';

export const headers = v.pipe(
  v.custom<Record<string, unknown>>(isTable, sentence),
  v.rawTransform(({ dataset, addIssue, NEVER }): ExtraHeaders => {
    const table = dataset.value;
    const pairs = Object.entries(table);
    const seen = new Set<string>();
    let faulty = pairs.length > mostHeaders;
    if (faulty) addIssue({ message: `must have at most ${mostHeaders} headers` });
    for (const [name, value] of pairs) {
      const fault = headerFault(name, value) ?? (seen.has(name.toLowerCase()) ? "is given twice" : undefined);
      seen.add(name.toLowerCase());
      if (fault === undefined) continue;
      faulty = true;
      addIssue({
        message: fault,
        path: [{ type: "object", origin: "value", input: table, key: name, value: undefined }],
      });
    }
    if (faulty) return NEVER;
    return Object.fromEntries(pairs.map(([name, value]) => [name, new Secret(String(value))]));
  }),
);

function headerFault(name: string, value: unknown): string | undefined {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) return "is not the name of a header";
  if (reserved.has(name.toLowerCase())) return "is a header that the agent sets itself";
  if (
    typeof value !== "string" ||
    value.length > longestValue ||
    !/^[\x21-\x7E]([\x20-\x7E]*[\x21-\x7E])?$/.test(value)
  )
    return "must have a value of visible ASCII characters";
  return undefined;
}
