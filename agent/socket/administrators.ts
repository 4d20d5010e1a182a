// Who may use the admin socket.

import type { Peer } from "./peer.ts";

export type MayAdminister = (peer: Peer | undefined) => boolean;

/** Root, the agent's own account, and the members of the admin group if there is one. An unknown peer never. */
export function administrators(ownUid: number, adminGid: number | undefined): MayAdminister {
  return (peer) =>
    peer !== undefined &&
    (peer.uid === 0 || peer.uid === ownUid || (adminGid !== undefined && peer.gids.includes(adminGid)));
}
