// Style sheet and scripts of the pages. They come from the program itself, under names that hold a hash of what is in
// them, so that a browser may keep them for ever and never has an old one.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getRawAsset, isSea } from "node:sea";
import { type AssetName, assetSources } from "./asset-sources.ts";

interface Asset {
  readonly path: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const assets = Object.entries(assetSources).map(([name, { file, type }]) => {
  const bytes = isSea() ? new Uint8Array(getRawAsset(name).slice(0)) : fromCheckout(file);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const [stem, end] = name.split(".");
  return { name, path: `/assets/${stem}.${hash}.${end}`, type, bytes };
});

const byPath: ReadonlyMap<string, Asset> = new Map(assets.map((asset) => [asset.path, asset]));
const paths = new Map(assets.map(({ name, path }) => [name, path]));

/** Where pages point to. */
export function assetPath(name: AssetName): string {
  return paths.get(name) ?? "";
}

/** By the whole path and nothing else: no part of it ever names a file. Undefined for any other path. */
export function assetResponse(path: string): Response | undefined {
  const asset = byPath.get(path);
  if (asset === undefined) return undefined;
  return new Response(asset.bytes, {
    headers: {
      "content-type": asset.type,
      "cache-control": "public, max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
    },
  });
}

function fromCheckout(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(import.meta.dirname, "../..", file)));
}
