// The admin API as a table: method, path, what is accepted, what is done.
//
//     GET  /v1/status                                 Status
//     GET  /v1/explain?user=NAME&kind=KIND            Explanation
//     POST /v1/sync                                   SyncReport
//     POST /v1/join    {"url": …, "token": …}         JoinReport
//     POST /v1/rotate-keys {"protector": NAME or "same"}  RotationReport
//     POST /v1/forget  {"user": …}                    {"forgotten": true or false}

import * as v from "valibot";
import { parseKind } from "../../words/kind.ts";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import { parseUserName } from "../../words/user-name.ts";
import { protectorNames } from "../state/protector.ts";
import type { AdminActions } from "./actions.ts";

type Run = (actions: AdminActions) => Promise<unknown>;

export interface Route {
  readonly name: string;
  readonly method: "GET" | "POST";
  /** Everything from outside becomes a checked value here; the error says what was expected, never what came. */
  read(query: URLSearchParams, body: unknown): Parsed<Run>;
}

export type Found =
  | { readonly kind: "route"; readonly route: Route; readonly query: URLSearchParams }
  | { readonly kind: "other-method"; readonly allowed: readonly string[] }
  | { readonly kind: "unknown" };

const joinBody = v.strictObject({
  url: v.pipe(v.string(), v.minLength(1), v.maxLength(2_048)),
  token: v.pipe(v.string(), v.minLength(1), v.maxLength(4_096)),
});
const rotateBody = v.strictObject({ protector: v.picklist([...protectorNames, "same"]) });
const forgetBody = v.strictObject({ user: v.string() });

const routes: Readonly<Record<string, Route>> = {
  "/v1/status": {
    name: "status",
    method: "GET",
    read: (query, body) => nothing(query, body, (actions) => actions.status()),
  },
  "/v1/sync": {
    name: "sync",
    method: "POST",
    read: (query, body) => nothing(query, body, (actions) => actions.sync()),
  },
  "/v1/explain": {
    name: "explain",
    method: "GET",
    read(query, body) {
      if (body !== undefined || !onlyOnce(query, ["user", "kind"]))
        return unparsed("give user and kind, once");
      const user = parseUserName(query.get("user"));
      if (!user.ok) return user;
      const kind = parseKind(query.get("kind"));
      if (!kind.ok) return kind;
      return parsed((actions) => actions.explain(user.value, kind.value));
    },
  },
  "/v1/join": {
    name: "join",
    method: "POST",
    read(query, body) {
      const input = v.safeParse(joinBody, body);
      if (!input.success || query.size > 0) return unparsed('the body must be {"url": text, "token": text}');
      const { url, token } = input.output;
      return parsed((actions) => actions.join(url, token));
    },
  },
  "/v1/rotate-keys": {
    name: "rotate-keys",
    method: "POST",
    read(query, body) {
      const input = v.safeParse(rotateBody, body);
      if (!input.success || query.size > 0)
        return unparsed(`the body must be {"protector": ${protectorNames.join(" or ")} or same}`);
      const { protector } = input.output;
      return parsed((actions) => actions.rotateKeys(protector));
    },
  },
  "/v1/forget": {
    name: "forget",
    method: "POST",
    read(query, body) {
      const input = v.safeParse(forgetBody, body);
      if (!input.success || query.size > 0) return unparsed('the body must be {"user": text}');
      const user = parseUserName(input.output.user);
      if (!user.ok) return user;
      return parsed(async (actions) => ({ forgotten: await actions.forget(user.value) }));
    },
  },
};

export function findRoute(method: string, target: string): Found {
  const [path = "", query = "", ...more] = target.split("?");
  const route = more.length === 0 && Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return { kind: "unknown" };
  if (route.method !== method) return { kind: "other-method", allowed: [route.method] };
  return { kind: "route", route, query: new URLSearchParams(query) };
}

/** For addresses that take no input; an empty object is as good as no body. */
function nothing(query: URLSearchParams, body: unknown, run: Run): Parsed<Run> {
  const empty = body === undefined || JSON.stringify(body) === "{}";
  return empty && query.size === 0 ? parsed(run) : unparsed("nothing is to be given here");
}

function onlyOnce(query: URLSearchParams, names: readonly string[]): boolean {
  return [...query.keys()].every((name) => names.includes(name) && query.getAll(name).length === 1);
}
