/** `npx nexus` as a process, for tests of what an operator and a script see. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/nexus.ts", import.meta.url));
/** What npx runs: it starts SCRIPT as a second process. */
export const LAUNCHER = fileURLToPath(new URL("../../scripts/nexus.js", import.meta.url));

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs the command with these variables besides PATH and HOME and this standard input. It is terminated when `terminateWhen`
 * resolves.
 */
export async function nexus(
  args: string[],
  variables: Record<string, string> = {},
  input = "",
  terminateWhen?: Promise<unknown>,
  script = terminateWhen ? LAUNCHER : SCRIPT,
): Promise<CommandResult> {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH, HOME, ...variables },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A command that asks nothing exits without reading it.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  void terminateWhen?.then(() => child.kill("SIGTERM"));
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode === null ? once(child, "close") : undefined,
  ]);
  return { code: child.exitCode, stdout, stderr };
}

export interface ScriptedApi {
  url: string;
  /** Every call so far: "METHOD /path?query", its key, and its body as JSON. */
  calls: { line: string; key: string | undefined; body: unknown }[];
  stop(): Promise<void>;
}

/** An API that responds to each call with `answer`. */
export async function startScriptedApi(
  answer: (
    line: string,
    body: unknown,
  ) => { status?: number; headers?: Record<string, string>; body?: unknown },
): Promise<ScriptedApi> {
  const calls: ScriptedApi["calls"] = [];
  const read = async (request: IncomingMessage) => {
    const sent = await text(request);
    const body = sent === "" ? undefined : (JSON.parse(sent) as unknown);
    const line = `${request.method} ${request.url}`;
    calls.push({ line, key: request.headers["x-dashboard-key"]?.toString(), body });
    return answer(line, body);
  };
  const server = createServer((request, response) => {
    void read(request).then(({ status = 200, headers = {}, body }) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
