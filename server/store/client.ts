// What the driver leaves undone when a connection fails while it begins.

import pg from "pg";
import { Failure } from "../failure.ts";

/** The driver's words for a password that is neither in the URL nor in the environment nor in a file. */
const withoutPassword = /client password must be a string/;

export class Client extends pg.Client {
  override connect(): Promise<this>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): Promise<this> | undefined {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.connect((error) => (error ? reject(error) : resolve(this)));
      });
    }
    super.connect((error: Error | null) => {
      // Nobody would close it before the database server does, after a minute, and the program would wait for that.
      if (error) this.connection.stream.destroy();
      callback(error && withoutPassword.test(error.message) ? noPassword() : error);
    });
    return undefined;
  }
}

const noPassword = (): Failure =>
  new Failure(
    "invalid",
    "PostgreSQL asks for a password, and none is given: put it into the database's URL, or into a file of mode 0600, ~/.pgpass or what PGPASSFILE names",
  );
