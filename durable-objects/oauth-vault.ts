/**
 * Sealed storage of an OAuthAccount object: the login, and a pending one for some minutes. All methods
 * are synchronous, so that the object cannot be evicted between a response of the vendor and its storage.
 */
import type { Config } from "../workers/runtime/config.ts";
import { OAuthState, PendingLogin } from "../workers/schemas/oauth.ts";
import { Sealed } from "../workers/schemas/tenant.ts";
import { open, seal, SealError } from "../workers/runtime/seal.ts";

const ACCOUNT = "account";
const LOGIN = "login";
const NAME = "name";

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

  #read<T>(key: string, schema: { parse(data: unknown): T }): Stored<T> {
    const sealed = this.#kv.get(key);
    if (sealed === undefined) return { kind: "missing" };
    try {
      const text = open(this.#config, Sealed.parse(sealed), this.#context(key));
      return { kind: "present", value: schema.parse(JSON.parse(text)) };
    } catch (thrown) {
      if (thrown instanceof SealError) return { kind: "unreadable" };
      throw thrown;
    }
  }

  #write(key: string, text: string): void {
    this.#kv.put(key, seal(this.#config, text, this.#context(key)));
  }

  /** Account ids have no slash, so this names no account. */
  #context(key: string) {
    return { domain: "", accountId: `oauth/${key}/${this.accountId}` };
  }
}
