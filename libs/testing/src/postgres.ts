import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  /** Superuser's URL of a database that only this test knows. */
  url: string;
  /** Ends whatever is still connected to it. */
  drop(): Promise<void>;
}

/** A fresh, empty database on the server that all integration tests share. */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asAdmin(`create database ${name}`);
  const url = new URL(adminUrl());
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdmin(`drop database if exists ${name} with (force)`) };
}

/** Does its work on a connection of the database's owner, and closes that. */
export async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function asAdmin(statement: string): Promise<void> {
  await asOwner(adminUrl(), (client) => client.query(statement));
}

function adminUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) throw new Error('no test server: tests that need PostgreSQL are named *.int.spec.ts or *.e2e.spec.ts');
  return url;
}
