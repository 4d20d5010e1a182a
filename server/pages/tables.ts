// Lists: a table that can be sorted and paged by links, so that it works without a script; with one, only the list changes.

import { html, type Markup } from "./markup.ts";

export interface Column {
  readonly label: string;
  /** The name to sort by; undefined for a column that can't be. */
  readonly sort?: string;
  readonly numeric?: boolean;
}

export interface Table {
  /** What the table is, for those who don't see it. */
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (Markup | string | number)[])[];
  /** The list's address, where columns are sorted by. */
  readonly address?: Address;
}

export interface Listing extends Table {
  /** What to say, and do, when there is nothing. */
  readonly nothing: Markup | string;
  /** Under the table, before the pages. */
  readonly below?: Markup | null;
  /** This list's address with everything that was chosen, as it is now. */
  readonly address: Address;
  readonly total: number;
}

/** A path with what was asked of it; links to the same list, a bit different, are made of it. */
export class Address {
  readonly path: string;
  readonly #query: ReadonlyMap<string, string>;

  constructor(path: string, query: Iterable<readonly [string, string]>) {
    this.path = path;
    this.#query = new Map([...query].filter(([, value]) => value !== ""));
  }

  get(name: string): string {
    return this.#query.get(name) ?? "";
  }

  /** The same with some of it changed; an empty text takes one out. */
  with(changes: Readonly<Record<string, string>>): string {
    const query = new Map(this.#query);
    for (const [name, value] of Object.entries(changes)) query.set(name, value);
    const text = new URLSearchParams([...query].filter(([, value]) => value !== "")).toString();
    return text === "" ? this.path : `${this.path}?${text}`;
  }
}

export const pageSize = 50;
/** Beyond this nobody pages; whoever looks for something narrows the list. */
const mostPages = 2_000;

/** Which page was asked for, from 1. */
export function pageNumber(text: string): number {
  return /^[1-9]\d{0,3}$/.test(text) ? Math.min(Number(text), mostPages) : 1;
}

export function listing(list: Listing): Markup {
  return html`${countOf(list.total === 1 ? "1 entry" : `${list.total.toLocaleString("en")} entries`)}
<section id="list">
${list.rows.length === 0 ? html`<p class="nothing">${list.nothing}</p>` : tableOf(list)}
${list.rows.length > 0 && list.below}
${pager(list)}
</section>`;
}

/**
 * How many there are, beside the list: it stays in the page while the list is replaced, so that a reader that watches it
 * hears the number, and not the whole list.
 */
export function countOf(text: string): Markup {
  return html`<p class="count" id="count" role="status">${text}</p>`;
}

/** What is shown, as a file; it follows what a script narrows. */
export function exportLink(path: string): Markup {
  return html`<p class="head" id="export"><a class="button quiet" href="${path}" download>Export as CSV</a></p>`;
}

/** One that is short and whole, or a sentence. */
export function table(list: Omit<Listing, "address" | "total">): Markup {
  return list.rows.length === 0 ? html`<p class="nothing">${list.nothing}</p>` : tableOf(list);
}

export function tableOf(list: Table): Markup {
  const cell = (content: Markup | string | number, at: number) =>
    list.columns[at]?.numeric === true
      ? html`<td class="numeric">${content}</td>`
      : html`<td>${content}</td>`;
  // It scrolls by itself on a narrow screen, so it has to be reached by the keyboard.
  return html`<div class="scroll" role="region" aria-label="${list.caption}" tabindex="0"><table>
<caption class="unseen">${list.caption}</caption>
<thead><tr>${list.columns.map((column) => headOf(column, list.address))}</tr></thead>
<tbody>${list.rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table></div>`;
}

function headOf(column: Column, address: Address | undefined): Markup {
  const style = column.numeric === true ? html` class="numeric"` : null;
  if (column.sort === undefined || address === undefined)
    return html`<th scope="col"${style}>${column.label}</th>`;
  const present = address.get("sort");
  const sorted =
    present === column.sort ? "ascending" : present === `-${column.sort}` ? "descending" : undefined;
  const next = sorted === "ascending" ? `-${column.sort}` : column.sort;
  const mark = { ascending: "▲", descending: "▼" };
  return html`<th scope="col"${style}${sorted === undefined ? null : html` aria-sort="${sorted}"`}><a href="${address.with({ sort: next, page: "" })}">${column.label}${
    sorted === undefined ? null : html` <span aria-hidden="true">${mark[sorted]}</span>`
  }</a></th>`;
}

function pager({ address, total }: Listing): Markup | null {
  const last = Math.min(mostPages, Math.max(1, Math.ceil(total / pageSize)));
  if (last === 1) return null;
  const at = Math.min(pageNumber(address.get("page")), last);
  const link = (page: number, label: string) =>
    page < 1 || page > last
      ? html`<span class="button quiet off" aria-disabled="true">${label}</span>`
      : html`<a class="button quiet" href="${address.with({ page: String(page) })}">${label}</a>`;
  return html`<nav class="pager" aria-label="Pages">${link(at - 1, "Previous")}<span>Page ${at} of ${last}</span>${link(at + 1, "Next")}</nav>`;
}

/**
 * Fields that narrow a list. Sent by a button; with a script also while one types or chooses: both are `input`. `change` would
 * come again when a field is left, and fetch the list anew under the focus that has moved into it.
 */
export function filterForm(address: Address, fields: readonly Markup[]): Markup {
  const sort = address.get("sort");
  return html`<form class="filter" method="get" action="${address.path}" role="search" data-hx-get="${address.path}" data-hx-trigger="submit, input delay:300ms" data-hx-target="#list" data-hx-select="#list" data-hx-swap="outerHTML" data-hx-select-oob="#count:innerHTML,#export:innerHTML" data-hx-replace-url="true">
${fields}${sort === "" ? null : html`<input type="hidden" name="sort" value="${sort}">`}
<button class="quiet" type="submit">Show</button>
</form>`;
}
