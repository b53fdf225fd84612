/**
 * Encrypts upstream credentials for storage: AES-256-GCM with a key from CREDENTIAL_KEYS, bound to domain and account.
 * The admin API and the accounts' Durable Objects seal, the edge opens. A ciphertext copied to another domain or account
 * cannot be decrypted there. Synchronous, because a rotated token must be stored in the tick in which it arrived.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Config } from "./config.ts";
import { concat, toBase64 } from "../domain/bytes.ts";
import type { Sealed } from "../schemas/tenant.ts";

/** The owner of a sealed text, made by a function of SEALED_FIELDS. */
export interface SealContext {
  readonly domain: string;
  readonly accountId: string;
  /** Only SEALED_FIELDS makes contexts: what is sealed is listed there, and so sealed again when the key changes. */
  readonly [LISTED]: true;
}

declare const LISTED: unique symbol;
const context = (domain: string, accountId: string) => ({ domain, accountId }) as SealContext;

/**
 * Everything that is sealed, by where it is stored: `table.column`, or the binding's name and the kind of key. Account ids
 * have no slash, so a context with one names no account.
 */
export const SEALED_FIELDS = {
  "accounts.credential": (accountId: string) => context("", accountId),
  "domains.slack_webhook": (domain: string) => context(domain, "slack/webhook"),
  "domains.other_fields": (domain: string) => context(domain, "import/fields"),
  "TENANTS.domain": (domain: string, accountId: string) => context(domain, accountId),
  "OAUTH_ACCOUNT.account": (accountId: string) => context("", `oauth/account/${accountId}`),
  "OAUTH_ACCOUNT.login": (accountId: string) => context("", `oauth/login/${accountId}`),
};
export type SealedField = keyof typeof SEALED_FIELDS;

type Keys = Pick<Config, "CREDENTIAL_KEYS">;

const CIPHER = "aes-256-gcm";
/** 96 bits, the size GCM is designed for; random, because one key seals only a few thousand texts. */
const IV_BYTES = 12;
/** At the end of the data, as in Web Crypto. */
const TAG_BYTES = 16;

/** The ids of CREDENTIAL_KEYS; the first seals. */
export function keyIds(config: Keys): [string, ...string[]] {
  const [first, ...others] = entriesOf(config).map(({ id }) => id);
  if (first === undefined) throw new SealError("CREDENTIAL_KEYS holds no key");
  return [first, ...others];
}

/** Encrypts with the first key of CREDENTIAL_KEYS, or the one named `keyId`. Throws SealError without that key. */
export function seal(
  config: Keys,
  plaintext: string,
  context: SealContext,
  keyId: string = keyIds(config)[0],
): Sealed {
  const entry = entriesOf(config).find(({ id }) => id === keyId);
  if (!entry) throw new SealError(`CREDENTIAL_KEYS holds no key named ${keyId}`);
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const cipher = createCipheriv(CIPHER, fromBase64(entry.key), iv).setAAD(additionalData(context));
  const data = concat([
    cipher.update(new TextEncoder().encode(plaintext)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return { keyId: entry.id, iv: toBase64(iv), data: toBase64(data) };
}

/**
 * Decrypts with the key that sealed it. Throws SealError when that key is no longer configured, or when the text was
 * changed or sealed for another context (GCM does not distinguish these).
 */
export function open(config: Keys, sealed: Sealed, context: SealContext): string {
  const entry = entriesOf(config).find(({ id }) => id === sealed.keyId);
  if (!entry) throw new SealError(`CREDENTIAL_KEYS holds no key named ${sealed.keyId}`);
  try {
    const data = fromBase64(sealed.data);
    const end = data.length - TAG_BYTES;
    if (end < 0) throw new SealError("the data is too short");
    const key = fromBase64(entry.key);
    const decipher = createDecipheriv(CIPHER, key, fromBase64(sealed.iv), { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(context)).setAuthTag(data.subarray(end));
    return new TextDecoder().decode(concat([decipher.update(data.subarray(0, end)), decipher.final()]));
  } catch (cause) {
    throw new SealError(`a credential sealed with ${sealed.keyId} cannot be decrypted here`, { cause });
  }
}

/** The text sealed with the first key; null where it is already. Throws SealError as `open` does. */
export function reseal(config: Keys, sealed: Sealed, context: SealContext): Sealed | null {
  if (sealed.keyId === keyIds(config)[0]) return null;
  return seal(config, open(config, sealed, context), context);
}

export class SealError extends Error {
  override readonly name = "SealError";
}

/** JSON, because it quotes: ("a", "b,c") and ("a,b", "c") must differ. */
function additionalData({ domain, accountId }: SealContext): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(["nexus-credential", 1, domain, accountId]));
}

function entriesOf(config: Keys): { id: string; key: string }[] {
  return config.CREDENTIAL_KEYS.split(",").map((entry) => {
    const colon = entry.indexOf(":");
    return { id: entry.slice(0, colon), key: entry.slice(colon + 1) };
  });
}

/** Accepts both alphabets, because operators generate keys with `openssl rand -base64 32` and with base64url tools. */
function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );
}
