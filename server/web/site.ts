// The pages of the server: assets, set-up, console, portal.

import { Hono } from "hono";
import type { Identity } from "../../protocol/crypto/keys.ts";
import type { Random } from "../../words/random.ts";
import type { PasswordCost } from "../accounts/password.ts";
import { SettingUp } from "../accounts/set-up.ts";
import { consoleAccess } from "../console/access.ts";
import { consoleArea } from "../console/area.ts";
import { consoleHandlers } from "../console/handlers.ts";
import type { Vault } from "../identity/vault.ts";
import { assetResponse } from "../pages/assets.ts";
import { portalAccess } from "../portal/access.ts";
import { portalArea } from "../portal/area.ts";
import { portalHandlers } from "../portal/handlers.ts";
import { SignIns } from "../sessions/sign-in.ts";
import type { SlowLane } from "../verification/slow-lane.ts";
import type { WebEnv } from "./browser.ts";
import { type GateParts, mountArea } from "./gate.ts";
import { setUpAccess, setUpArea, setUpHandlers } from "./set-up-pages.ts";

export interface SiteParts extends GateParts {
  readonly vault: Vault;
  readonly identity: Identity;
  readonly random: Random;
  readonly passwordCost: PasswordCost;
  readonly lane: SlowLane;
}

export function makeSite(parts: SiteParts): Hono<WebEnv> {
  const app = new Hono<WebEnv>();
  const signIns = new SignIns(parts);
  app.get("/assets/*", (context) => assetResponse(context.req.path) ?? context.notFound());
  // Short: it is read off the screen of a machine.
  for (const path of ["/add", "/add/"])
    app.get(path, (context) => context.redirect("/portal/at-machine", 303));
  app.get("/", (context) => context.redirect(portalArea.base, 303));
  mountArea(app, parts, setUpArea, setUpAccess, setUpHandlers(new SettingUp(parts), consoleArea.base));
  mountArea(app, parts, consoleArea, consoleAccess, consoleHandlers({ ...parts, signIns }));
  mountArea(app, parts, portalArea, portalAccess, portalHandlers({ ...parts, signIns }));
  return app;
}
