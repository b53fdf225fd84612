/** Opens a connection to a Postgres, runs `use` and closes it. */
import { Client, type ClientConfig } from "pg";

export async function withClient<T>(
  config: string | ClientConfig,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(config);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
