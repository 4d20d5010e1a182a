// Addresses in the configuration: of the server, and of a proxy on the way to it.

import * as v from "valibot";

const longest = 2_048;
const serverSentence =
  "must be an https:// address without user, query or fragment, as in https://mfa.corp.example";
const proxySentence = "must be a proxy as in http://proxy.corp.example:3128, without user or path";

function parseUrl(text: string): URL | undefined {
  return text.length <= longest && /^[\x21-\x7E]+$/.test(text) ? (URL.parse(text) ?? undefined) : undefined;
}

/** No slash at its end, so that paths can be put behind it. Whether http is allowed depends on another key: see `allowsHttp`. */
export const serverUrl = v.pipe(
  v.string(serverSentence),
  v.check((text) => {
    const url = parseUrl(text);
    return (
      url !== undefined &&
      (url.protocol === "https:" || url.protocol === "http:") &&
      url.hostname !== "" &&
      url.username === "" &&
      url.password === "" &&
      !/[?#]/.test(text)
    );
  }, serverSentence),
  v.transform((text) => new URL(text).href.replace(/\/+$/, "")),
);

export const proxyUrl = v.pipe(
  v.string(proxySentence),
  v.check((text) => {
    const url = parseUrl(text);
    return (
      url !== undefined &&
      url.protocol === "http:" &&
      url.hostname !== "" &&
      url.username === "" &&
      url.password === "" &&
      url.pathname === "/" &&
      !/[?#]/.test(text)
    );
  }, proxySentence),
  v.transform((text) => new URL(text).origin),
);

/** Plain http is for trying things out on one machine, and has to be asked for. */
export function allowsHttp(url: string, development: boolean): boolean {
  return new URL(url).protocol === "https:" || (development && isLoopbackHttp(url));
}

/** http:// to this machine itself, by an address that no name service has a say in (`localhost` by RFC 6761). */
export function isLoopbackHttp(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return (
    protocol === "http:" &&
    (hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname))
  );
}
