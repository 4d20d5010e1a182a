// The frame around every page: head, skip link, bar, notice, content.

import { assetPath } from "./assets.ts";
import { html, type Markup } from "./markup.ts";

export interface NavigationItem {
  readonly path: string;
  readonly label: string;
}

export interface Frame {
  /** Of the area, such as `Nightlatch console`. */
  readonly area: string;
  readonly home: string;
  readonly navigation: readonly NavigationItem[];
  /** Who is signed in, with the form that ends it; null where nobody is. */
  readonly person: Markup | null;
  /** BCP 47, of everything on the page. */
  readonly language: string;
  readonly skipLabel: string;
  readonly navigationLabel: string;
}

export interface Page {
  readonly title: string;
  readonly content: Markup;
  /** The path of the page, by which the bar shows where one is. */
  readonly path: string;
  readonly notice?: Notice | undefined;
  /** Scripts of this page alone. */
  readonly scripts?: readonly string[];
  readonly styles?: readonly string[];
}

export interface Notice {
  readonly tone: "done" | "fault";
  readonly text: string;
}

/** Of every page, in this order. */
const styles = ["base.css", "frame.css", "forms.css", "lists.css"] as const;

export function wholePage(frame: Frame, page: Page): Markup {
  return html`<!doctype html>
<html lang="${frame.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="htmx-config" content="${htmxConfig}">
<title>${page.title} · ${frame.area}</title>
<link rel="icon" href="${assetPath("icon.svg")}" type="image/svg+xml">
${styles.map((name) => html`<link rel="stylesheet" href="${assetPath(name)}">\n`)}
${(page.styles ?? []).map((path) => html`<link rel="stylesheet" href="${path}">\n`)}
<script src="${assetPath("htmx.js")}" defer></script>
${(page.scripts ?? []).map((path) => html`<script src="${path}" defer></script>\n`)}
</head>
<body>
<a class="skip" href="#content">${frame.skipLabel}</a>
<header class="bar">
<a class="brand" href="${frame.home}"><img src="${assetPath("icon.svg")}" alt="" width="28" height="28"><span>${frame.area}</span></a>
${navigation(frame, page.path)}
${frame.person}
</header>
<main id="content" tabindex="-1">
<h1>${page.title}</h1>
${noticeBox(page.notice)}
${page.content}
</main>
</body>
</html>
`;
}

/** Nothing is evaluated, no style is put into the page, and nothing is asked of another origin. */
const htmxConfig = 'includeIndicatorCSS:false, mode:"same-origin", history:true';

function navigation(frame: Frame, path: string): Markup | null {
  if (frame.navigation.length === 0) return null;
  const here = frame.navigation
    .filter((item) => path === item.path || (item.path !== frame.home && path.startsWith(`${item.path}/`)))
    .sort((a, b) => b.path.length - a.path.length)[0];
  const link = (item: NavigationItem) =>
    html`<li><a href="${item.path}"${item === here ? html` aria-current="page"` : null}>${item.label}</a></li>`;
  return html`<nav aria-label="${frame.navigationLabel}"><ul>${frame.navigation.map(link)}</ul></nav>`;
}

/** Always there, so that a reader that watches it hears what is put into it. */
function noticeBox(notice: Notice | undefined): Markup {
  if (notice === undefined) return html`<div id="notice" role="status" aria-live="polite"></div>`;
  const role = notice.tone === "fault" ? "alert" : "status";
  return html`<div id="notice" class="notice ${notice.tone}" role="${role}" aria-live="polite">${notice.text}</div>`;
}
