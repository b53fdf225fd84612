/** Client of the API for the operator's commands. Responses are checked against the Worker's schemas; every failure is a CommandError. */
import type { Command } from "commander";
import type { z } from "zod";
import { ApiErrorBody } from "../../workers/schemas/api/error.ts";
import { administratorKey, isLoopback } from "./administrator-key.ts";
import { CommandError } from "./command-error.ts";

/** The local stack's proxy, which serves the API too. */
export const DEFAULT_URL = "http://127.0.0.1:8787";
const TIMEOUT_MS = 120_000;

export const domainPath = (domain: string) => `/api/domains/${encodeURIComponent(domain)}`;

export interface CallOptions {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Sent as JSON. */
  body?: unknown;
  query?: Record<string, string | number | undefined>;
}

export interface Api {
  /** `http://host:port`, for messages. */
  readonly url: string;
  /** The administrator's. */
  readonly key: string;
  /** Calls `path` and returns the unchanged response if `schema` accepts it. Throws a CommandError otherwise. */
  call<S extends z.ZodType>(path: string, schema: S, options?: CallOptions): Promise<z.infer<S>>;
  /** For calls that return 204. */
  run(path: string, options: CallOptions): Promise<void>;
}

/** Options of every command. */
export interface CommonOptions {
  url: string;
  json?: boolean;
}

/** The API named by the command's options and the environment. Throws a CommandError when they name none. */
export function apiOf(command: Command): Api {
  const { url } = command.optsWithGlobals<CommonOptions>();
  return connect(url, process.env);
}

/** Throws a CommandError when the address is none, or there is no key for it. */
export function connect(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
  headers: Readonly<Record<string, string>> = {},
): Api {
  const base = URL.parse(address);
  if (!base || !/^https?:$/.test(base.protocol))
    throw new CommandError(`"${address}" is not a URL. Expected something like https://nexus.example.com.`, {
      isUsage: true,
    });
  const key = administratorKey(base, environment);
  if (base.protocol === "http:" && !isLoopback(base))
    console.error(`nexus: warning: the key is sent to ${base.host} unencrypted. Use https.`);
  const send = async (path: string, options: CallOptions): Promise<Response> => {
    const target = new URL(path, base);
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined) target.searchParams.set(name, String(value));
    const response = await fetch(target, {
      method: options.method ?? "GET",
      headers: {
        ...headers,
        "x-dashboard-key": key,
        accept: "application/json",
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      // A redirect would send the key to its target.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw new CommandError(`${base.origin} cannot be reached (${causeOf(error)}). ${hint(base)}`);
    });
    if (!response.ok) throw await errorOf(response, base);
    return response;
  };
  return {
    url: base.origin,
    key,
    async call(path, schema, options = {}) {
      const response = await send(path, options);
      const body: unknown = await response.json().catch(() => undefined);
      const checked = schema.safeParse(body);
      if (!checked.success)
        throw new CommandError(
          `${base.origin}${path} returned a response this version cannot read (${checked.error.issues[0]?.path.join(".") || "no JSON"}). Check the address and the deployed version.`,
        );
      return body as typeof checked.data;
    },
    async run(path, options) {
      await (await send(path, options)).body?.cancel();
    },
  };
}

async function errorOf(response: Response, base: URL): Promise<CommandError> {
  const body = ApiErrorBody.safeParse(await response.json().catch(() => undefined));
  if (!body.success)
    return new CommandError(
      `${base.origin} returned ${response.status}, which is not a response of the API. Check the address.`,
    );
  const { message, code } = body.data.error;
  if (response.status === 403 && !process.env.DASHBOARD_API_KEY)
    return new CommandError(
      `${message} (The key was read from the local stack's data directory. Set DATA_DIR if the stack uses another one.)`,
    );
  return new CommandError(message, { code });
}

function hint(base: URL): string {
  return isLoopback(base)
    ? `Is the local stack running ("npm start")? NEXUS_URL selects another address.`
    : "Check NEXUS_URL and the network.";
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no response within ${TIMEOUT_MS / 1000} s`;
  const cause: unknown = error.cause instanceof AggregateError ? error.cause.errors[0] : error.cause;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : error.message;
}
