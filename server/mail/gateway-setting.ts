// How text messages leave: the setting `sms`, an HTTP gateway. Its header, as a rule a key, is sealed by the vault.

import * as v from "valibot";
import { Secret } from "../../words/secret.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import { isLoopback } from "../listen/address.ts";
import { readSetting, type Setting, writeSetting } from "../settings/settings.ts";
import type { Db, Tx } from "../store/store.ts";
import { templateProblem } from "./body-template.ts";
import { isCertificate } from "./certificate.ts";

export const methods = ["POST", "PUT", "GET"] as const;
export const bodyFormats = ["json", "form"] as const;

const row = { table: "settings", id: "sms.header" } as const;

const schema = v.pipe(
  v.strictObject({
    /** Empty: no text messages. */
    url: v.pipe(
      v.string(),
      v.maxLength(2_000),
      v.check(
        (text) => text === "" || isGatewayUrl(text),
        "https://…, or http://… to this very machine; a user and password belong into the header",
      ),
    ),
    method: v.picklist(methods),
    format: v.picklist(bodyFormats),
    /** With {to} and {text}; of a GET it becomes the query. */
    body: v.pipe(v.string(), v.maxLength(4_096)),
    /** Empty: none. */
    headerName: v.pipe(
      v.string(),
      v.regex(/^(?:[A-Za-z0-9-]{1,64})?$/, "the name of a header: letters, digits, hyphens"),
      v.check(
        (name) => !/^(?:host|connection|content-.*|transfer-encoding|te|upgrade|expect)$/i.test(name),
        "this header is the server's own to set",
      ),
    ),
    sealedHeader: v.string(),
    ca: v.pipe(v.string(), v.maxLength(65_536), v.check(isCertificate, "not a certificate in PEM")),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.value.url === "") return;
    const { method, format, body } = dataset.value;
    const problem =
      method === "GET" && format === "json"
        ? "a GET has a form for its query: its format is form"
        : templateProblem(format, body);
    if (problem !== undefined)
      addIssue({
        message: problem,
        path: [{ type: "object", origin: "value", input: dataset.value, key: "body", value: body }],
      });
  }),
);
export type GatewaySetting = v.InferOutput<typeof schema>;

export const gatewaySetting: Setting<GatewaySetting> = {
  name: "sms",
  schema,
  whenUnset: {
    url: "",
    method: "POST",
    format: "json",
    body: '{"to":"{to}","text":"{text}"}',
    headerName: "",
    sealedHeader: "",
    ca: "",
  },
};

export interface GatewayRoute extends Omit<GatewaySetting, "sealedHeader"> {
  readonly header: Secret | undefined;
}

/** Undefined while text messages are switched off. @throws Error when the stored header does not open. */
export async function gatewayRoute(db: Db, vault: Vault): Promise<GatewayRoute | undefined> {
  const { sealedHeader, ...setting } = await readSetting(db, gatewaySetting);
  if (setting.url === "") return undefined;
  const header =
    sealedHeader === "" ? undefined : new Secret(Buffer.from(vault.open(row, sealedHeader)).toString("utf8"));
  return { ...setting, header };
}

export type GatewayChange = Partial<Omit<GatewaySetting, "sealedHeader">> & {
  readonly header?: string | undefined;
};

/** What is not named stays; a header's value is not sent to another gateway than it was given for. @throws Failure */
export async function changeGateway(
  tx: Tx,
  vault: Vault,
  change: GatewayChange,
  nowMs: number,
): Promise<GatewaySetting> {
  const present = await readSetting(tx, gatewaySetting);
  const { header, ...fields } = change;
  if (header !== undefined && !/^[\x20-\x7e]{0,2000}$/.test(header))
    throw new Failure("invalid", "header: at most 2000 printable ASCII characters");
  const off = fields.url === "";
  const elsewhere = (["url", "ca", "headerName"] as const).some(
    (field) => fields[field] !== undefined && fields[field] !== present[field],
  );
  if (elsewhere && present.sealedHeader !== "" && header === undefined && !off)
    throw new Failure(
      "invalid",
      "header: give its value again, since it goes to another gateway or name now",
    );
  let sealedHeader = off ? "" : present.sealedHeader;
  if (header !== undefined) sealedHeader = header === "" ? "" : vault.seal(row, Buffer.from(header, "utf8"));
  const next = { ...present, ...fields, ...(off ? { headerName: "" } : {}), sealedHeader };
  if ((next.headerName === "") !== (sealedHeader === ""))
    throw new Failure("invalid", "headerName: a header has a name and a value, or is left out");
  return writeSetting(tx, gatewaySetting, next, nowMs);
}

function isGatewayUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  const host = url.hostname.replaceAll(/^\[|\]$/g, "");
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(host));
}
