/** The state that the steps of one admitted exchange share (pipeline/, record/, report/). */
import type { Config } from "../runtime/config.ts";
import { EXCHANGE_ID_RANDOM_BYTES, newExchangeId } from "../domain/exchange-id.ts";
import type { HeaderEntries } from "../domain/http/forwarded-headers.ts";
import type { RawTarget } from "../domain/http/paths.ts";
import type { Admission } from "./auth/authorize.ts";
import type { Credential } from "./auth/credential.ts";

export interface Exchange {
  id: string;
  /** Epoch milliseconds. */
  startedAt: number;
  request: Request;
  /** Of `request`. Read once, because reading them costs more than what is done with them. */
  headers: HeaderEntries;
  target: RawTarget;
  admission: Admission;
  /** Authenticates the proxy with Claude. */
  credential: Credential;
  /** Aborts everything upstream: when the client disconnects, or a time limit is over. */
  abort: AbortController;
  /** How often the request has been sent to Claude. */
  upstreamAttempts: number;
  env: Env;
  ctx: ExecutionContext;
  config: Config;
}

/** What is known of an exchange once its client has authenticated; it may be rejected then. */
export type AdmittedExchange = Omit<Exchange, "credential" | "abort" | "upstreamAttempts" | "config">;

/** Milliseconds since the exchange began. */
export const elapsed = (exchange: Pick<Exchange, "startedAt">) => Date.now() - exchange.startedAt;

/** A new id whose timestamp is `at` (epoch milliseconds): the start of an exchange, the write of a bundle. */
export const newId = (at: number) =>
  newExchangeId(at, crypto.getRandomValues(new Uint8Array(EXCHANGE_ID_RANDOM_BYTES)));
