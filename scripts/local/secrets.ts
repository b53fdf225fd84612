/** The two secrets of a local stack: generated once, stored in DATA_DIR/secrets.json, readable only by the owner. */
import { randomBytes } from "node:crypto";
import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { LocalStackError, reasonOf } from "../lib/local-error.ts";

const Secrets = z.object({ DASHBOARD_API_KEY: z.string().min(1), CREDENTIAL_KEYS: z.string().min(1) });
export type Secrets = z.infer<typeof Secrets>;

/**
 * The secrets of the data directory, generated if missing. Rejects with a LocalStackError when the file is damaged: a new sealing key
 * would make stored credentials unreadable.
 */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, "secrets.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new LocalStackError(`${file} cannot be read (${reasonOf(error)}).`);
  });
  if (text === null) {
    const secrets = newSecrets("local");
    await writeFile(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return secrets;
  }
  await chmod(file, 0o600).catch(() => {});
  try {
    return Secrets.parse(JSON.parse(text));
  } catch {
    throw new LocalStackError(
      `${file} is damaged. Restore it, or delete it to get new secrets; stored credentials must then be entered again.`,
    );
  }
}

/** Random secrets. `keyId` names the sealing key in what it seals. */
export function newSecrets(keyId: string): Secrets {
  return {
    DASHBOARD_API_KEY: `nexus_${randomBytes(24).toString("base64url")}`,
    CREDENTIAL_KEYS: `${keyId}:${randomBytes(32).toString("base64")}`,
  };
}
