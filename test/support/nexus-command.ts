/** `npx nexus` as a process, for tests of what an operator and a script see. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { childEnvironment } from "./child-environment.ts";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";

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
  const child = spawn(process.execPath, [script, ...args], {
    env: childEnvironment(variables),
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A command without a prompt exits without reading it.
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

export interface ScriptedResponse {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** An API that responds to each call with `respond`, until the test is over. A list gives one response per call, then 500. */
export async function startScriptedApi(
  respond: ScriptedResponse[] | ((line: string, body: unknown) => ScriptedResponse),
) {
  /** Every call so far: "METHOD /path?query", its key, and its body as JSON. */
  const calls: { line: string; key: string | undefined; body: unknown }[] = [];
  const read = async (request: IncomingMessage) => {
    const sent = await text(request);
    const body = sent === "" ? undefined : (JSON.parse(sent) as unknown);
    const line = `${request.method} ${request.url}`;
    calls.push({ line, key: request.headers["x-dashboard-key"]?.toString(), body });
    return typeof respond === "function" ? respond(line, body) : (respond.shift() ?? { status: 500 });
  };
  const { url, stop } = await startHttpServer((request, response) => {
    void read(request).then(({ status = 200, headers = {}, body }) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  onTestFinished(stop);
  return {
    url,
    calls,
    stop,
    /** `nexus` with this API and its key. */
    run: (words: string[], input = "", terminateWhen?: Promise<unknown>) =>
      nexus(words, { NEXUS_URL: url, DASHBOARD_API_KEY: "the-key" }, input, terminateWhen),
  };
}
