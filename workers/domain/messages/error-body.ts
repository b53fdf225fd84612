/** Reads the error of an error response or of an `error` event in a stream. Called by read-response.ts, stream-events.ts. */
import { isObject, type JsonObject } from "../json/json.ts";
import { redact } from "../masking/redact.ts";
import { plainText, truncate } from "../truncate.ts";

/** Characters of `errorMessage` that are stored. */
export const MAX_ERROR_MESSAGE = 500;
const MAX_ERROR_TYPE = 100;

export interface ResponseError {
  type: string | null;
  /** One line, secrets masked, at most MAX_ERROR_MESSAGE characters. */
  message: string | null;
}

/**
 * Reads Anthropic's shape `{"type":"error","error":{"type","message"}}`, the same without its wrapper, OAuth's
 * `{"error":"invalid_grant","error_description"}` and a bare `{"message"}`; missing members give null.
 */
export function readError(body: JsonObject): ResponseError {
  const error = body["error"];
  if (isObject(error)) return { type: typeText(error["type"]), message: messageText(error["message"]) };
  if (typeof error === "string") {
    return { type: typeText(error), message: messageText(body["error_description"] ?? body["message"]) };
  }
  return { type: null, message: messageText(body["message"]) };
}

/** A message for storing: one line, secrets masked, truncated; null for anything but text. */
export function messageText(value: unknown): string | null {
  if (typeof value !== "string") return null;
  // Masked before the final truncation, because a truncated key would not be recognised.
  return truncate(redact(plainText(value, 4 * MAX_ERROR_MESSAGE)), MAX_ERROR_MESSAGE) || null;
}

function typeText(value: unknown): string | null {
  return typeof value === "string" ? redact(plainText(value, MAX_ERROR_TYPE)) || null : null;
}
