/**
 * Seals upstream credentials for storage: AES-256-GCM with a key from CREDENTIAL_KEYS, bound to the place it is kept for.
 * The admin API seals, the edge opens. A ciphertext copied to another domain or account does not open there.
 */
import type { Config } from "../config.ts";
import type { Sealed } from "../schemas/tenant.ts";

/** What a sealed text belongs to. `domain` is "" for the account's own copy in Postgres, the domain's name for its projection. */
export interface SealContext {
  domain: string;
  accountId: string;
}

type Keys = Pick<Config, "CREDENTIAL_KEYS">;

/** 96 bits, the size GCM is made for; random, as one key seals a few thousand texts in its life. */
const IV_BYTES = 12;

/** Imported keys, by their CREDENTIAL_KEYS entry. Importing costs more than opening. */
const imported = new Map<string, CryptoKey>();

/** Encrypts with the first key of CREDENTIAL_KEYS. */
export async function seal(config: Keys, plaintext: string, context: SealContext): Promise<Sealed> {
  const entry = entriesOf(config)[0];
  if (!entry) throw new SealError("CREDENTIAL_KEYS holds no key");
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const data = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: additionalData(context) },
    await importKey(entry.key),
    new TextEncoder().encode(plaintext),
  );
  return { keyId: entry.id, iv: toBase64(iv), data: toBase64(new Uint8Array(data)) };
}

/**
 * Decrypts with whichever key sealed it. Throws SealError when that key is no longer configured, or when the text was
 * changed or sealed for another context (GCM cannot tell these apart).
 */
export async function open(config: Keys, sealed: Sealed, context: SealContext): Promise<string> {
  const entry = entriesOf(config).find(({ id }) => id === sealed.keyId);
  if (!entry) throw new SealError(`CREDENTIAL_KEYS holds no key named ${sealed.keyId}`);
  try {
    const data = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: fromBase64(sealed.iv), additionalData: additionalData(context) },
      await importKey(entry.key),
      fromBase64(sealed.data),
    );
    return new TextDecoder().decode(data);
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

async function importKey(key: string): Promise<CryptoKey> {
  const known = imported.get(key);
  if (known) return known;
  const fresh = await crypto.subtle.importKey("raw", fromBase64(key), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
  imported.set(key, fresh);
  return fresh;
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
