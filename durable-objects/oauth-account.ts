/**
 * The login of one account at Claude (the object's name is the account's id): hands out its access token and renews it, once for
 * however many ask. Asked by workers/proxy for tokens and by workers/api for logins, through workers/store/oauth-accounts.
 * What is decided is in workers/domain/oauth-account; what may be evicted at any await here has been stored before.
 */
import { createHash, randomBytes } from "node:crypto";
import { DurableObject } from "cloudflare:workers";
import { alert } from "../workers/runtime/raise-alert.ts";
import { loadConfig, type Config } from "../workers/runtime/config.ts";
import {
  acceptPair,
  afterRefresh,
  recordForcedRefresh,
  grantedPair,
  isRefreshDue,
  nextStep,
  statusOf,
  nextAlarmAt,
} from "../workers/domain/oauth/session.ts";
import { LOGIN_TIMEOUT_MS, loginUrl, readPastedCode } from "../workers/domain/oauth/login.ts";
import { authorizationCodeBody, refreshTokenBody } from "../workers/domain/oauth/protocol.ts";
import { errorText, log } from "../workers/runtime/log.ts";
import type {
  OAuthState,
  OAuthStatus,
  PendingLogin,
  TokenResult,
  TokenPair,
  LoginResult,
} from "../workers/schemas/oauth.ts";
import { OAuthVault } from "./oauth-vault.ts";
import { askTokenEndpoint } from "./token-endpoint.ts";

/** While the present token serves, nobody waits longer for its renewal. */
const RENEWAL_WAIT_MS = 3_000;
/** Where no token serves, a renewal that fails is tried so often before those who wait are told. */
const MAX_TRIES = 3;
const RETRY_DELAY_MS = 250;
/** Nor is it tried again when it has taken this long already. */
const RETRY_WINDOW_MS = 10_000;

interface Renewal {
  /** Of the pair to renew; if there is another by then, nothing happens. */
  generation: number;
  /** Upstream has refused its access token. */
  isForced: boolean;
  /** Somebody waits and has no token. */
  mustSucceed: boolean;
}

export class OAuthAccount extends DurableObject<Env> {
  readonly #config: Config;
  readonly #vault: OAuthVault;
  #renewing: Promise<void> | null = null;
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#config = loadConfig(env);
    this.#vault = new OAuthVault(ctx.storage.kv, this.#config, ctx.id.name);
    // Evicted between storing a state and arming its alarm: then it is armed now.
    void ctx.blockConcurrencyWhile(async () => {
      if ((await ctx.storage.getAlarm()) === null) await this.#scheduleAlarm();
    });
  }

  /** An access token to use now. `refused`: generation of the one that upstream has just refused to the caller, or null. */
  async token(refused: number | null): Promise<TokenResult> {
    for (let isFirst = true; ; isFirst = false) {
      const state = this.#vault.account();
      if (typeof state === "string") return { result: state };
      const now = Date.now();
      const step = nextStep(state, refused, now, this.#config.OAUTH_REFRESH_EARLY_MS);
      const serves = step.do === "serve" || (step.do === "refresh" && step.serves);
      if (step.do === "serve" || (!isFirst && serves)) {
        const { accessToken, expiresAt } = state.pair;
        return { result: "token", accessToken, expiresAt, generation: state.generation };
      }
      if (step.do === "refuse" && (step.why !== "unavailable" || !isFirst || !this.#renewing))
        return { result: step.why };
      if (!isFirst) return { result: "unavailable" };
      const { generation } = state;
      const isForced = refused !== null && refused >= generation;
      const renewed = this.#renew({ generation, isForced, mustSucceed: !serves });
      await (serves ? Promise.race([renewed, scheduler.wait(RENEWAL_WAIT_MS)]) : renewed);
    }
  }

  async status(): Promise<OAuthStatus> {
    const now = Date.now();
    const state = this.#vault.account();
    const login = this.#vault.login();
    const isPending = login !== null && login.expiresAt > now;
    const loginPendingUntil = isPending ? new Date(login.expiresAt).toISOString() : null;
    return { ...(typeof state === "string" ? emptyStatus(state) : statusOf(state, now)), loginPendingUntil };
  }

  /** Renews now, whatever the time, also where the vendor has said before that the login is over. The status says how it went. */
  async refresh(): Promise<OAuthStatus> {
    const state = this.#vault.account();
    if (typeof state !== "string")
      await this.#renew({ generation: state.generation, isForced: false, mustSucceed: true });
    return this.status();
  }

  /** Takes a pair that somebody entered; `force`: also in place of one that was renewed here. */
  put(pair: TokenPair, force: boolean): Promise<"stored" | "kept" | "conflict"> {
    return this.#serialised(() => this.#accept(pair, force));
  }

  /** Begins a login: where the person has to go. One at a time; the latest counts. */
  async beginLogin(): Promise<{ url: string; expiresAt: number }> {
    const login = {
      verifier: randomBytes(32).toString("base64url"),
      state: randomBytes(32).toString("base64url"),
      expiresAt: Date.now() + LOGIN_TIMEOUT_MS,
    };
    this.#vault.putLogin(login);
    return this.#loginOf(login);
  }

  /** The login that waits for its code, as `beginLogin` answered; null when there is none. */
  async pendingLogin(): Promise<{ url: string; expiresAt: number } | null> {
    const login = this.#vault.login();
    return login && login.expiresAt > Date.now() ? this.#loginOf(login) : null;
  }

  /** Ends it with what the person pasted: `code#state`. The new login takes the place of whatever was stored. */
  completeLogin(pasted: string): Promise<LoginResult> {
    return this.#serialised(async () => {
      const login = this.#vault.login();
      const askedAt = Date.now();
      if (!login || login.expiresAt <= askedAt) return { result: "not_begun" };
      const code = readPastedCode(pasted);
      if (!code || code.state !== login.state) return { result: "not_ours" };
      const { CLAUDE_OAUTH_CLIENT_ID: clientId, CLAUDE_OAUTH_REDIRECT_URL: redirectUrl } = this.#config;
      const body = authorizationCodeBody({ ...code, clientId, redirectUrl, verifier: login.verifier });
      const outcome = await askTokenEndpoint(this.#config, body);
      if (outcome.kind !== "granted")
        return {
          result: outcome.kind === "invalid_grant" ? "refused" : "unavailable",
          reason: outcome.reason,
        };
      if (outcome.refreshToken === null)
        return { result: "refused", reason: "the login server gave no refresh token" };
      this.#vault.dropLogin();
      await this.#accept(grantedPair(outcome, { refreshToken: "", scopes: [] }, askedAt), true);
      return { result: "done" };
    });
  }

  /** The account has another kind of credential now. */
  forget(): Promise<void> {
    return this.#serialised(async () => {
      this.#vault.dropAll();
      await this.ctx.storage.deleteAlarm();
    });
  }

  override async alarm(): Promise<void> {
    try {
      const state = this.#vault.account();
      if (typeof state === "string") return;
      if (state.alertPending) await this.#alertNeedsLogin();
      else if (isRefreshDue(state, Date.now()))
        await this.#renew({ generation: state.generation, isForced: false, mustSucceed: false });
    } catch (thrown) {
      log.error("oauth: alarm failed", { accountId: this.#vault.accountId, error: errorText(thrown) });
    } finally {
      await this.#scheduleAlarm();
    }
  }

  #loginOf(login: PendingLogin): { url: string; expiresAt: number } {
    const url = loginUrl({
      ...login,
      authorizeUrl: this.#config.CLAUDE_OAUTH_AUTHORIZE_URL,
      clientId: this.#config.CLAUDE_OAUTH_CLIENT_ID,
      redirectUrl: this.#config.CLAUDE_OAUTH_REDIRECT_URL,
      scopes: this.#config.CLAUDE_OAUTH_SCOPES,
    });
    return { url, expiresAt: login.expiresAt };
  }

  /** One renewal at a time; whoever comes while it runs waits for the same one. It goes on when the caller leaves. */
  #renew(how: Renewal): Promise<void> {
    if (!this.#renewing) {
      this.#renewing = this.#serialised(() => this.#renewOnce(how)).finally(() => {
        this.#renewing = null;
      });
      this.ctx.waitUntil(this.#renewing);
    }
    return this.#renewing;
  }

  async #renewOnce({ generation, isForced, mustSucceed: insists }: Renewal): Promise<void> {
    const begun = Date.now();
    for (let tries = 1; ; tries++) {
      const state = this.#vault.account();
      if (typeof state === "string" || state.generation !== generation) return;
      if (isForced && tries === 1) await this.#store(recordForcedRefresh(state, begun));
      const askedAt = Date.now();
      const body = refreshTokenBody(this.#config.CLAUDE_OAUTH_CLIENT_ID, state.pair.refreshToken);
      const outcome = await askTokenEndpoint(this.#config, body);
      // Nothing may come between the answer and this: the old refresh token is spent.
      const next = afterRefresh(this.#latest(state), outcome, askedAt, Date.now());
      await this.#store(next);
      this.#logRenewal(next, outcome.kind);
      const isUndecided = outcome.kind === "failed" || outcome.kind === "partial";
      const mayInsist = insists && tries < MAX_TRIES && Date.now() - begun < RETRY_WINDOW_MS;
      if (!isUndecided || !mayInsist) return;
      await scheduler.wait(RETRY_DELAY_MS * 4 ** (tries - 1));
    }
  }

  async #accept(pair: TokenPair, force: boolean): Promise<"stored" | "kept" | "conflict"> {
    const stored = this.#vault.account();
    const origin = createHash("sha256").update(pair.refreshToken).digest("hex");
    const before = typeof stored === "string" ? null : stored;
    const accepted = acceptPair(before, pair, origin, force, Date.now());
    if (accepted.result === "stored") await this.#store(accepted.state);
    return accepted.result;
  }

  async #alertNeedsLogin(): Promise<void> {
    const told = this.#vault.account();
    if (typeof told === "string" || !told.needsLogin) return;
    const { reason, since } = told.needsLogin;
    await alert(this.env, { kind: "needs_login", accountId: this.#vault.accountId, reason, at: since });
    const state = this.#vault.account();
    if (typeof state !== "string") await this.#store({ ...state, alertPending: false });
  }

  /** Resolves when it cannot be lost any more. The alarm comes after: setting it in the same tick would delay the commit. */
  async #store(state: OAuthState): Promise<void> {
    this.#vault.putAccount(state);
    await this.ctx.storage.sync();
    await this.#scheduleAlarm();
  }

  async #scheduleAlarm(): Promise<void> {
    const state = this.#vault.account();
    const at = typeof state === "string" ? null : nextAlarmAt(state, Date.now());
    await (at === null ? this.ctx.storage.deleteAlarm() : this.ctx.storage.setAlarm(at));
  }

  /** As it is after waiting: what was noted beside the pair meanwhile is kept. */
  #latest(asked: OAuthState): OAuthState {
    const now = this.#vault.account();
    return typeof now === "string" ? asked : now;
  }

  /** Whoever changes what is stored and waits for the vendor meanwhile does so alone. */
  #serialised<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  #logRenewal(state: OAuthState, outcome: string): void {
    const fields = { accountId: this.#vault.accountId, outcome, failures: state.failures };
    if (outcome === "granted") log.info("oauth: renewed", fields);
    else log.warn("oauth: not renewed", { ...fields, error: state.lastError?.message ?? null });
  }
}

function emptyStatus(state: "missing" | "unreadable"): Omit<OAuthStatus, "loginPendingUntil"> {
  return {
    state,
    expiresAt: null,
    scopes: [],
    obtainedAt: null,
    rotations: 0,
    nextRefreshAt: null,
    failures: 0,
    lastError: null,
    needsLogin: null,
  };
}
