/** One connection, for as long as it is used. */
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
