/**
 * What an OAuthAccount object keeps, sealed, in its own storage: the login and, for some minutes, one that was begun. Everything
 * is synchronous, so that between an answer of the vendor and its storage there is no moment to be evicted in.
 */
import type { Config } from "../workers/runtime/config.ts";
import { OAuthState, PendingLogin } from "../workers/schemas/oauth.ts";
import { Sealed } from "../workers/schemas/tenant.ts";
import { open, seal, SealError } from "../workers/runtime/seal.ts";

const ACCOUNT = "account";
const LOGIN = "login";
const NAME = "name";

/** `unreadable`: sealed with a key that CREDENTIAL_KEYS no longer holds. */
export type Stored = OAuthState | "missing" | "unreadable";

export class OAuthVault {
  readonly #kv: SyncKvStorage;
  readonly #config: Config;
  readonly accountId: string;

  /** `name`: the object's, where the runtime tells it. An alarm may not know it, so it is kept as well. */
  constructor(kv: SyncKvStorage, config: Config, name: string | undefined) {
    this.#kv = kv;
    this.#config = config;
    this.accountId = name ?? kv.get<string>(NAME) ?? "";
  }

  account(): Stored {
    const text = this.#read(ACCOUNT);
    return text === null ? "missing" : text === "unreadable" ? text : OAuthState.parse(JSON.parse(text));
  }

  putAccount(state: OAuthState): void {
    this.#write(ACCOUNT, JSON.stringify(state));
    this.#kv.put(NAME, this.accountId);
  }

  /** Null when none was begun, or what was begun cannot be read. */
  login(): PendingLogin | null {
    const text = this.#read(LOGIN);
    return text === null || text === "unreadable" ? null : PendingLogin.parse(JSON.parse(text));
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

  #read(key: string): string | null {
    const sealed = this.#kv.get(key);
    if (sealed === undefined) return null;
    try {
      return open(this.#config, Sealed.parse(sealed), this.#context(key));
    } catch (thrown) {
      if (thrown instanceof SealError) return "unreadable";
      throw thrown;
    }
  }

  #write(key: string, text: string): void {
    this.#kv.put(key, seal(this.#config, text, this.#context(key)));
  }

  /** No account is named so: ids have no slash. */
  #context(key: string) {
    return { domain: "", accountId: `oauth/${key}/${this.accountId}` };
  }
}
