/** What the steps of one admitted exchange share (run, response-stream, request-recording). */
import type { Config } from "../runtime/config.ts";
import { EXCHANGE_ID_RANDOM_BYTES, newExchangeId } from "../domain/exchange-id.ts";
import type { RawTarget } from "../domain/http/paths.ts";
import type { Admission } from "./auth/authorize.ts";
import type { Credential } from "./auth/credential.ts";

export interface Exchange {
  id: string;
  /** Epoch milliseconds. */
  startedAt: number;
  request: Request;
  target: RawTarget;
  admission: Admission;
  /** What authenticates us with Claude. */
  credential: Credential;
  /** Our end of everything upstream: turned when the client leaves or a time limit is over. */
  abort: AbortController;
  env: Env;
  ctx: ExecutionContext;
  config: Config;
}

/** Milliseconds since the exchange began. */
export const elapsed = (exchange: Exchange) => Date.now() - exchange.startedAt;

/** A new id that says when (epoch milliseconds): of an exchange its start, of a bundle its writing. */
export const newId = (at: number) =>
  newExchangeId(at, crypto.getRandomValues(new Uint8Array(EXCHANGE_ID_RANDOM_BYTES)));
