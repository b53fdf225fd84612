/** Opens a connection, runs `use` and closes it. */
import { Client } from "pg";

export async function withClient<T>(url: string, use: (db: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
