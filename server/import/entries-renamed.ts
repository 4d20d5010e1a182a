// Entries of a directory that have another name than the users who came from them: those users are renamed. An id says who
// somebody is where one user and one entry have it, and nowhere else.

import { sql } from "kysely";
import type { Tx } from "../store/store.ts";

/**
 * Finds users whose entry is called something else now, beyond other letters of the same look. Once found, a line stays about its
 * user, until that user is gone or is called something else here.
 */
export async function findRenamed(tx: Tx, importId: string): Promise<void> {
  await sql`update import_users set user_id = users.id, renamed_from = users.name, present = 1
    from directory_users inner join users on users.id = directory_users.user_id
    where import_users.import_id = ${importId} and import_users.bad = 0 and import_users.renamed_from is null
      and import_users.external_id = directory_users.external_id
      and import_users.look_alike <> users.look_alike
      and directory_users.external_id in
        (select external_id from directory_users group by external_id having count(*) = 1)
      and import_users.external_id in
        (select external_id from import_users where import_id = ${importId} and external_id is not null
          group by external_id having count(*) = 1)`.execute(tx);
}

/** Of users who can't be called what their entry is called; two who swap names are among them. */
export async function tellTaken(tx: Tx, importId: string): Promise<void> {
  await sql`insert into import_faults (import_id, line, field, fault)
    select import_users.import_id, import_users.line, 'name',
      'is the entry of the user "' || import_users.renamed_from || '", who stays as it is: another user is called "'
        || users.name || '"; rename that one first'
    from import_users inner join users on users.look_alike = import_users.look_alike
    where import_users.import_id = ${importId} and import_users.bad = 0
      and import_users.renamed_from is not null and users.id <> import_users.user_id`.execute(tx);
}

/** Of entries with a name that a user has whose own entry has another one: they are somebody else's, and too early. */
export async function tellStillTaken(tx: Tx, importId: string): Promise<void> {
  await sql`insert into import_faults (import_id, line, field, fault)
    select import_users.import_id, import_users.line, 'name',
      '"' || import_users.name || '" is the name of a user whose own entry is called something else now; once that user is renamed here, the next sync takes this entry'
    from import_users
    where import_users.import_id = ${importId} and import_users.bad = 0
      and import_users.present = 1 and import_users.renamed_from is null
      and import_users.user_id in (select user_id from import_users as others
        where others.import_id = ${importId} and others.renamed_from is not null)`.execute(tx);
}
