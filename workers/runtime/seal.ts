/**
 * Seals upstream credentials for storage: AES-256-GCM with a key from CREDENTIAL_KEYS, bound to the place it is kept for.
 * The admin API and the accounts' Durable Objects seal, the edge opens. A ciphertext copied to another domain or account does
 * not open there. Synchronous on purpose: a rotated token must be stored in the same tick in which it arrived.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Config } from "./config.ts";
import { concat } from "../domain/bytes.ts";
import type { Sealed } from "../schemas/tenant.ts";

/** What a sealed text belongs to. `domain` is "" for the account's own copy in Postgres, the domain's name for its projection. */
export interface SealContext {
  domain: string;
  accountId: string;
}

type Keys = Pick<Config, "CREDENTIAL_KEYS">;

const CIPHER = "aes-256-gcm";
/** 96 bits, the size GCM is made for; random, as one key seals a few thousand texts in its life. */
const IV_BYTES = 12;
/** Stands at the end of the data, where Web Crypto puts it too. */
const TAG_BYTES = 16;

/** Encrypts with the first key of CREDENTIAL_KEYS. */
export function seal(config: Keys, plaintext: string, context: SealContext): Sealed {
  const entry = entriesOf(config)[0];
  if (!entry) throw new SealError("CREDENTIAL_KEYS holds no key");
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
 * Decrypts with whichever key sealed it. Throws SealError when that key is no longer configured, or when the text was
 * changed or sealed for another context (GCM cannot tell these apart).
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
    throw new SealError(`a credential sealed with ${sealed.keyId} does not open here`, { cause });
  }
}

export class SealError extends Error {
  override readonly name = "SealError";
}

/** JSON, because it quotes: ("a", "b,c") and ("a,b", "c") must not read the same. */
function additionalData({ domain, accountId }: SealContext): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(["nexus-credential", 1, domain, accountId]));
}

function entriesOf(config: Keys): { id: string; key: string }[] {
  return config.CREDENTIAL_KEYS.split(",").map((entry) => {
    const colon = entry.indexOf(":");
    return { id: entry.slice(0, colon), key: entry.slice(colon + 1) };
  });
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Reads both alphabets, because operators make keys with `openssl rand -base64 32` and with base64url tools alike. */
function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );
}
