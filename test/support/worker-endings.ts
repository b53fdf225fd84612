/** Stores exchanges of test/support/endings.ts as ingest does: recorded wholly, in part, or not at all. */
import type { Ending } from "./endings.ts";
import {
  exchangeMessage,
  type ExchangeOptions,
  makeExchange,
  notRecorded,
  type TestExchange,
} from "./exchanges.ts";
import { deliver, journal, messageOf, sweptMessage } from "./worker-ingest.ts";

/** Stores one exchange per ending, in one batch; `more` replaces parts of it. */
export async function storeEndings(
  endings: readonly (readonly [Ending, ExchangeOptions])[],
  bindings: Partial<Env> = {},
): Promise<TestExchange[]> {
  const made = await Promise.all(
    endings.map(async ([{ recorded = "both", row: _, ...options }, more]) => {
      const requestMetadata = { ...options.requestMetadata, ...more.requestMetadata };
      const exchange = makeExchange({
        ...options,
        ...more,
        ...(recorded === "rejected" && { requestBody: "" }),
        requestMetadata: { ...requestMetadata, ...(recorded === "rejected" && { body: notRecorded(4_000) }) },
      });
      if (recorded === "both" || recorded === "rejected")
        return { exchange: await journal(exchange), message: messageOf(exchange) };
      if (recorded === "request")
        return { exchange: await journal(exchange, ["request"]), message: sweptMessage(exchange) };
      const { request, response } = exchange;
      const message = exchangeMessage(exchange, {
        request: { ...request.metadata, body: notRecorded(request.body.length) },
        response: { ...response.metadata, outcome: "unrecorded", body: notRecorded() },
      });
      return { exchange, message: { body: message } };
    }),
  );
  await deliver(
    made.map(({ message }) => message),
    { bindings },
  );
  return made.map(({ exchange }) => exchange);
}
