// All users: found by name, narrowed by state and group, a page at a time.

import { selectField, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { Address, filterForm, listing, pageNumber, pageSize } from "../../pages/tables.ts";
import { moment } from "../../pages/time.ts";
import type { Db } from "../../store/store.ts";
import { pageOfUsers, type UserQuery, type UserRow } from "../../users/list.ts";
import type { SignedIn } from "../../web/visit.ts";
import { may } from "../parts.ts";

const states = [
  { value: "", label: "All" },
  { value: "enabled", label: "Enabled" },
  { value: "disabled", label: "Disabled" },
  { value: "locked", label: "Locked out" },
] as const;

export async function usersPage(visit: SignedIn, db: Db): Promise<Response> {
  const address = new Address(visit.path, visit.queries);
  const { total, rows } = await pageOfUsers(db, queryOf(address), visit.nowMs);
  const content = html`${
    may(visit.session.role, "POST /admin/users/add") &&
    html`<p class="head"><a class="button" href="/admin/users/add">Add a user</a></p>`
  }${filterForm(address, [
    textField({ name: "search", label: "Name", type: "search", value: address.get("search"), most: 200 }),
    textField({ name: "group", label: "Group", value: address.get("group"), most: 100 }),
    selectField({ name: "state", label: "State", value: address.get("state"), choices: states }),
  ])}
${listing({
  caption: "Users",
  columns: [
    { label: "User", sort: "name" },
    { label: "Name" },
    { label: "Groups" },
    { label: "Authenticators", numeric: true },
    { label: "State" },
    { label: "Added", sort: "created" },
  ],
  rows: rows.map((row) => [
    html`<a href="/admin/users/${row.id}">${row.name}</a>`,
    row.displayName,
    row.groups.join(", "),
    row.authenticators,
    stateTags(row, visit.nowMs),
    moment(row.createdAtMs),
  ]),
  nothing: "No user is like that.",
  address,
  total,
})}`;
  return visit.page({ title: "Users", content });
}

function queryOf(address: Address): UserQuery {
  const sort = address.get("sort");
  const state = states.find(({ value }) => value === address.get("state"))?.value;
  return {
    search: address.get("search").slice(0, 200),
    group: address.get("group") || undefined,
    state: state === "" ? undefined : state,
    sort: sort.replace("-", "") === "created" ? "created" : "name",
    descending: sort.startsWith("-"),
    offset: (pageNumber(address.get("page")) - 1) * pageSize,
    limit: pageSize,
  };
}

export function stateTags(
  user: Pick<UserRow, "disabledAtMs" | "lockedUntilMs" | "selfLockedUntilMs" | "role">,
  nowMs: number,
): Markup {
  const locked = [user.lockedUntilMs, user.selfLockedUntilMs].some(
    (until) => until !== null && until > nowMs,
  );
  return html`${user.disabledAtMs !== null && html`<span class="tag bad">disabled</span> `}${
    locked && html`<span class="tag warn">locked out</span> `
  }${user.role !== "none" && html`<span class="tag">${user.role}</span>`}`;
}
