// What the pages need beside themselves, from where in a checkout. scripts/build.ts puts the same into the executable.

const css = "text/css; charset=utf-8";
const script = "text/javascript; charset=utf-8";

export const assetSources = {
  "base.css": { file: "server/pages/assets/base.css", type: css },
  "frame.css": { file: "server/pages/assets/frame.css", type: css },
  "forms.css": { file: "server/pages/assets/forms.css", type: css },
  "lists.css": { file: "server/pages/assets/lists.css", type: css },
  "htmx.js": { file: "node_modules/htmx.org/dist/htmx.min.js", type: script },
  "uplot.js": { file: "node_modules/uplot/dist/uPlot.iife.min.js", type: script },
  "uplot.css": { file: "node_modules/uplot/dist/uPlot.min.css", type: css },
  "plot.js": { file: "server/pages/assets/plot.js", type: script },
  "icon.svg": { file: "server/pages/assets/icon.svg", type: "image/svg+xml" },
} as const;

export type AssetName = keyof typeof assetSources;
