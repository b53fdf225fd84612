/** What the checks of a deployment share: its addresses and keys, and what was read or sent once for all of them. */
import { setTimeout as pause } from "node:timers/promises";
import { Environment } from "../../../workers/schemas/api/settings.ts";
import { RequestDetail } from "../../../workers/schemas/api/requests.ts";
import { Status } from "../../../workers/schemas/api/status.ts";
import { Diagnosis } from "../../../workers/schemas/api/upkeep.ts";
import type { Api } from "../api.ts";
import { CommandError } from "../command-error.ts";
import { type Received, send, type Sent } from "./http.ts";

/** A check that cannot say anything here, with the reason. */
export class Skipped extends Error {}
/** What a check has found wrong. */
export class Failure extends Error {}

export interface Target {
  url: URL;
  /** Null without the administrator's key. */
  api: Api | null;
  /** Address and headers of a client; null without a key for it. */
  client: { url: URL; headers: Record<string, string>; model: string } | null;
  plan: "free" | "paid";
  /** Sent with each request. */
  headers: Record<string, string>;
  /** Deployed just now. */
  isNew?: boolean;
  /** For tests. */
  pause?: (milliseconds: number) => Promise<unknown>;
}

const QUEUE_TRIES = 20;
const QUEUE_INTERVAL_MS = 500;

export class Context {
  readonly target: Target;
  readonly nonce = crypto.randomUUID();
  readonly #read = new Map<string, Promise<unknown>>();

  constructor(target: Target) {
    this.target = target;
  }

  /** Of checks that need "administrator". */
  get api(): Api {
    return this.target.api!;
  }

  status = () => this.#once("status", () => this.api.call("/api/status", Status));
  environment = () =>
    this.#once("environment", async () => {
      const { variables } = await this.api.call("/api/environment", Environment);
      return new Map(variables.map((variable) => [variable.name, variable]));
    });

  /** The last one, or a new one. */
  diagnosis = () => this.#once("diagnosis", () => this.diagnose());
  async diagnose(): Promise<Diagnosis & { offsetMs: number; roundTripMs: number }> {
    const sentAt = Date.now();
    const body = { nonce: this.nonce };
    const found = await this.api.call("/api/admin/diagnose", Diagnosis, { method: "POST", body });
    const roundTripMs = Date.now() - sentAt;
    return { ...found, roundTripMs, offsetMs: Date.parse(found.now) - sentAt - roundTripMs / 2 };
  }

  /** `path` without a key. */
  anonymous = (path: string, { headers, ...sent }: Sent = {}) =>
    send(new URL(path, this.target.url), { ...sent, headers: { ...this.target.headers, ...headers } });

  /** Of checks that need "client". */
  asClient(path: string, { headers, ...sent }: Sent = {}): Promise<Received> {
    const { url, headers: keys } = this.target.client!;
    const version = { "anthropic-version": "2023-06-01", "content-type": "application/json" };
    return send(new URL(path, url), {
      ...sent,
      headers: { ...this.target.headers, ...version, ...keys, ...headers },
    });
  }

  /** A message that Claude takes seconds to answer. */
  message = (): string =>
    JSON.stringify({
      model: this.target.client!.model,
      max_tokens: 400,
      stream: true,
      messages: [{ role: "user", content: "Count from 1 to 100, separated by spaces." }],
    });

  /** One streamed exchange. */
  exchange = () =>
    this.#once("exchange", async () => {
      const received = await this.asClient("/v1/messages", { body: this.message() });
      if (received.status !== 200)
        throw new Failure(`status ${received.status}: ${received.body.toString().slice(0, 300)}`);
      return received;
    });

  /** Its row, with the milliseconds it took to be stored. Rejects with Failure if it is not within 10 s. */
  row = () => this.#once("row", async () => this.stored(await this.exchange()));
  async stored({ headers }: Received): Promise<{ row: RequestDetail; waitedMs: number }> {
    const started = performance.now();
    const path = `/api/requests/${String(headers["x-nexus-request-id"])}`;
    const row = await this.poll(QUEUE_TRIES, QUEUE_INTERVAL_MS, () =>
      this.api.call(path, RequestDetail).catch((thrown: unknown) => {
        if (thrown instanceof CommandError && thrown.code === "not_found") return null;
        throw thrown;
      }),
    );
    if (row === null) throw new Failure("an exchange was not stored within 10 s");
    return { row, waitedMs: Math.round(performance.now() - started) };
  }

  /** The first result of `look` that is not null; null after `tries`. */
  async poll<T>(tries: number, intervalMs: number, look: () => Promise<T | null>): Promise<T | null> {
    for (let n = 0; n < tries; n++) {
      if (n > 0) await (this.target.pause ?? pause)(intervalMs);
      const found = await look();
      if (found !== null) return found;
    }
    return null;
  }

  #once<T>(name: string, read: () => Promise<T>): Promise<T> {
    const known = (this.#read.get(name) as Promise<T> | undefined) ?? read();
    this.#read.set(name, known);
    return known;
  }
}
