/**
 * Sealed storage of an OAuthAccount object: the login, and a pending one for some minutes. All methods
 * are synchronous, so that the object cannot be evicted between a response of the vendor and its storage.
 */
import type { Config } from "../workers/runtime/config.ts";
import { OAuthState, PendingLogin } from "../workers/schemas/oauth.ts";
import { Sealed } from "../workers/schemas/tenant.ts";
import { open, reseal, seal, SEALED_FIELDS, SealError } from "../workers/runtime/seal.ts";

const ACCOUNT = "account";
const LOGIN = "login";
const NAME = "name";
const CONTEXTS = {
  [ACCOUNT]: SEALED_FIELDS["OAUTH_ACCOUNT.account"],
  [LOGIN]: SEALED_FIELDS["OAUTH_ACCOUNT.login"],
};
type SealedKey = keyof typeof CONTEXTS;
const SEALED_KEYS = [ACCOUNT, LOGIN] as const satisfies SealedKey[];

/** `unreadable`: sealed with a key that is no longer in CREDENTIAL_KEYS. */
type Stored<T> = { kind: "present"; value: T } | { kind: "missing" } | { kind: "unreadable" };

export class OAuthVault {
  readonly #kv: SyncKvStorage;
  readonly #config: Config;
  readonly accountId: string;

  /** `name`: the object's, where the runtime provides it. It is stored too, because an alarm may run without it. */
  constructor(kv: SyncKvStorage, config: Config, name: string | undefined) {
    this.#kv = kv;
    this.#config = config;
    this.accountId = name ?? kv.get<string>(NAME) ?? "";
  }

  account(): Stored<OAuthState> {
    return this.#read(ACCOUNT, OAuthState);
  }

  putAccount(state: OAuthState): void {
    this.#write(ACCOUNT, JSON.stringify(state));
    this.#kv.put(NAME, this.accountId);
  }

  /** Null when none is pending, or it cannot be decrypted. */
  login(): PendingLogin | null {
    const stored = this.#read(LOGIN, PendingLogin);
    return stored.kind === "present" ? stored.value : null;
  }

  putLogin(login: PendingLogin): void {
    this.#write(LOGIN, JSON.stringify(login));
  }

  dropLogin(): void {
    this.#kv.delete(LOGIN);
  }

  dropAll(): void {
    for (const key of [ACCOUNT, LOGIN, NAME]) this.#kv.delete(key);
  }

  /** Which key of CREDENTIAL_KEYS each sealed value needs. */
  sealedWith(): { key: SealedKey; keyId: string }[] {
    return SEALED_KEYS.flatMap((key) => {
      const sealed = this.#kv.get(key);
      return sealed === undefined ? [] : [{ key, keyId: Sealed.parse(sealed).keyId }];
    });
  }

  /** Seals everything with the first key. What no key opens stays as it is. */
  reseal(): ("resealed" | "unreadable")[] {
    return SEALED_KEYS.flatMap((key): ("resealed" | "unreadable")[] => {
      const sealed = this.#kv.get(key);
      if (sealed === undefined) return [];
      try {
        const fresh = reseal(this.#config, Sealed.parse(sealed), CONTEXTS[key](this.accountId));
        if (!fresh) return [];
        this.#kv.put(key, fresh);
        return ["resealed"];
      } catch (thrown) {
        if (thrown instanceof SealError) return ["unreadable"];
        throw thrown;
      }
    });
  }

  #read<T>(key: SealedKey, schema: { parse(data: unknown): T }): Stored<T> {
    const sealed = this.#kv.get(key);
    if (sealed === undefined) return { kind: "missing" };
    try {
      const text = open(this.#config, Sealed.parse(sealed), CONTEXTS[key](this.accountId));
      return { kind: "present", value: schema.parse(JSON.parse(text)) };
    } catch (thrown) {
      if (thrown instanceof SealError) return { kind: "unreadable" };
      throw thrown;
    }
  }

  #write(key: SealedKey, text: string): void {
    this.#kv.put(key, seal(this.#config, text, CONTEXTS[key](this.accountId)));
  }
}
