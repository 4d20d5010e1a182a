import { defineConfig } from "vitest/config";

/**
 * Tiers. `fast` needs nothing but Node; every other tier is named in scripts/test and installs what it needs first.
 * A file's folder decides its tier.
 */
export default defineConfig({
  test: {
    // Vitest would leave one processor to itself, and it has next to nothing to do.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "fast",
          include: [
            "test/{words,otp,protocol,toml,policy,state,sync,dialogue,agent,architecture,fuzz}/**/*.test.ts",
          ],
          pool: "forks",
          testTimeout: 30_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "server",
          include: ["test/server/**/*.test.ts"],
          pool: "forks",
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "peers",
          include: ["test/peers/**/*.test.ts"],
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "postgres",
          include: ["test/server/**/*.test.ts"],
          exclude: [
            // These are about SQLite: its files, copies of them, its commits.
            "test/server/at-rest.test.ts",
            "test/server/backup.test.ts",
            "test/server/full-disk.test.ts",
            "test/server/rotate-data.test.ts",
            "test/server/policy-migration.test.ts",
            "test/server/shared-commit.test.ts",
            // These bring a PostgreSQL of their own.
            "test/server/postgres-backup.test.ts",
            "test/server/prepared.test.ts",
            // These touch no database.
            "test/server/client-address.test.ts",
            "test/server/import/{csv,record}.test.ts",
            "test/server/mail/smtp.test.ts",
            "test/server/manual.test.ts",
            "test/server/packaging.test.ts",
            "test/server/policy-matching.test.ts",
            "test/server/properties.test.ts",
            "test/server/slow-lane.test.ts",
          ],
          globalSetup: ["test/server/postgres/setup.ts"],
          pool: "forks",
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "protectors",
          include: ["test/protectors/**/*.test.ts"],
          pool: "forks",
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: ["test/browser/setup.ts"],
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "pam",
          include: ["test/pam/**/*.test.ts"],
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "booted",
          include: ["test/booted/**/*.test.ts"],
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "container",
          include: ["test/container/**/*.test.ts"],
          globalSetup: ["test/container/setup.ts"],
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          pool: "forks",
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
