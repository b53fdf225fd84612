/** The administrator's key that commands send: the given one, or the one that the local stack generated. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "./command-error.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Data directories of `npm start` and `npm run demo`. */
const LOCAL_DATA_DIRS = [".data", join(".data", "demo")];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The key for calls to `url`: DASHBOARD_API_KEY, else, only when `url` is this machine, the key in the local stack's data directory.
 * Throws a CommandError when there is none.
 */
export function administratorKey(url: URL, environment: Environment): string {
  const given = environment.DASHBOARD_API_KEY?.trim();
  if (given) return given;
  if (!isLoopback(url))
    throw new CommandError(
      `DASHBOARD_API_KEY is not set. Set it to the administrator's key of ${url.host} and try again.`,
    );
  const directories = environment.DATA_DIR ? [environment.DATA_DIR] : LOCAL_DATA_DIRS;
  const stacks = directories
    .map((directory) => resolve(ROOT, directory))
    .filter((directory) => existsSync(join(directory, "secrets.json")));
  // A running stack holds the lock of its directory.
  const stack = stacks.find((directory) => existsSync(join(directory, "lock"))) ?? stacks[0];
  if (!stack)
    throw new CommandError(
      `No key: DASHBOARD_API_KEY is not set, and no local stack has been started in ${resolve(ROOT, directories[0] ?? "")}. Run "npm start", or set DASHBOARD_API_KEY (or DATA_DIR).`,
    );
  return keyIn(join(stack, "secrets.json"));
}

/** True for loopback addresses. */
export function isLoopback(url: URL): boolean {
  return url.hostname === "localhost" || url.hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(url.hostname);
}

function keyIn(file: string): string {
  try {
    const secrets = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    if (typeof secrets.DASHBOARD_API_KEY === "string") return secrets.DASHBOARD_API_KEY;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw new CommandError(
      `${file} cannot be read (${code ?? "not JSON"}). Set DASHBOARD_API_KEY to the key that "npm start" printed.`,
    );
  }
  throw new CommandError(`${file} holds no DASHBOARD_API_KEY. Set it in the environment.`);
}
