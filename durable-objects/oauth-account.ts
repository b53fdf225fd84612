/**
 * The Claude login of one account (the object's name is the account's id): returns its access token and renews it, with one renewal for
 * all concurrent callers. Called by workers/proxy for tokens and by workers/api for logins, through workers/store/tenants/oauth-stub.ts.
 * The decisions are in workers/domain/oauth. State is stored before each await, because the object may be evicted there.
 */
import { randomBytes } from "node:crypto";
import { toHex } from "../workers/domain/bytes.ts";
import { sha256 } from "../workers/domain/sha256.ts";
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
import { callTokenEndpoint } from "./token-endpoint.ts";

/** How long a caller waits for a renewal while the current token is still valid. */
const RENEWAL_WAIT_MS = 3_000;
/** Attempts of a renewal when there is no valid token. */
const MAX_TRIES = 3;
const RETRY_DELAY_MS = 250;
/** No further attempt after this. */
const RETRY_WINDOW_MS = 10_000;

interface Renewal {
  /** Of the pair to renew; a newer pair is left alone. */
  generation: number;
  /** Upstream has rejected its access token. */
  isForced: boolean;
  /** A caller waits without a valid token. */
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
    // Sets the alarm if the object was evicted between storing a state and setting it.
    void ctx.blockConcurrencyWhile(async () => {
      if ((await ctx.storage.getAlarm()) === null) await this.#scheduleAlarm();
    });
  }

  /** Returns a valid access token. `rejected`: generation of the token that upstream has just rejected, or null. */
  async token(rejected: number | null): Promise<TokenResult> {
    for (let isFirst = true; ; isFirst = false) {
      const stored = this.#vault.account();
      if (stored.kind !== "present") return { result: stored.kind };
      const state = stored.value;
      const now = Date.now();
      const step = nextStep(state, rejected, now, this.#config.OAUTH_REFRESH_EARLY_MS);
      const serves = step.do === "serve" || (step.do === "refresh" && step.serves);
      if (step.do === "serve" || (!isFirst && serves)) {
        const { accessToken, expiresAt } = state.pair;
        return { result: "token", accessToken, expiresAt, generation: state.generation };
      }
      if (step.do === "refuse" && (step.why !== "unavailable" || !isFirst || !this.#renewing))
        return { result: step.why };
      if (!isFirst) return { result: "unavailable" };
      const { generation } = state;
      const isForced = rejected !== null && rejected >= generation;
      const renewed = this.#renew({ generation, isForced, mustSucceed: !serves });
      await (serves ? Promise.race([renewed, scheduler.wait(RENEWAL_WAIT_MS)]) : renewed);
    }
  }

  async status(): Promise<OAuthStatus> {
    const now = Date.now();
    const stored = this.#vault.account();
    const login = this.#vault.login();
    const isPending = login !== null && login.expiresAt > now;
    const loginPendingUntil = isPending ? new Date(login.expiresAt).toISOString() : null;
    const status = stored.kind === "present" ? statusOf(stored.value, now) : emptyStatus(stored.kind);
    return { ...status, loginPendingUntil };
  }

  /** Renews now, even if the vendor has ended the login before. Returns the status afterwards. */
  async refresh(): Promise<OAuthStatus> {
    const state = this.#state();
    if (state) await this.#renew({ generation: state.generation, isForced: false, mustSucceed: true });
    return this.status();
  }

  /** Stores an entered pair; with `force` it also replaces one that was renewed here. With `dryRun` it stores nothing. */
  put(pair: TokenPair, force: boolean, dryRun = false): Promise<"stored" | "kept" | "conflict"> {
    return this.#serialised(() => this.#accept(pair, force, dryRun));
  }

  /** Begins a login and returns its page. It replaces a pending one. */
  async beginLogin(): Promise<{ url: string; expiresAt: number }> {
    const login = {
      verifier: randomBytes(32).toString("base64url"),
      state: randomBytes(32).toString("base64url"),
      expiresAt: Date.now() + LOGIN_TIMEOUT_MS,
    };
    this.#vault.putLogin(login);
    return this.#loginOf(login);
  }

  /** The pending login as `beginLogin` returned it; null when there is none. */
  async pendingLogin(): Promise<{ url: string; expiresAt: number } | null> {
    const login = this.#vault.login();
    return login && login.expiresAt > Date.now() ? this.#loginOf(login) : null;
  }

  /** Completes the pending login with the pasted `code#state`. The new login replaces the stored one. */
  completeLogin(pasted: string): Promise<LoginResult> {
    return this.#serialised(async () => {
      const login = this.#vault.login();
      const requestedAt = Date.now();
      if (!login || login.expiresAt <= requestedAt) return { result: "not_begun" };
      const code = readPastedCode(pasted);
      if (!code || code.state !== login.state) return { result: "not_ours" };
      const { CLAUDE_OAUTH_CLIENT_ID: clientId, CLAUDE_OAUTH_REDIRECT_URL: redirectUrl } = this.#config;
      const body = authorizationCodeBody({ ...code, clientId, redirectUrl, verifier: login.verifier });
      const outcome = await callTokenEndpoint(this.#config, body);
      if (outcome.kind !== "granted")
        return {
          result: outcome.kind === "invalid_grant" ? "refused" : "unavailable",
          reason: outcome.reason,
        };
      if (outcome.refreshToken === null)
        return { result: "refused", reason: "the login server gave no refresh token" };
      this.#vault.dropLogin();
      await this.#accept(grantedPair(outcome, { refreshToken: "", scopes: [] }, requestedAt), true);
      return { result: "done" };
    });
  }

  /** Which keys its sealed values need. */
  async sealedWith(): Promise<ReturnType<OAuthVault["sealedWith"]>> {
    return this.#vault.sealedWith();
  }

  /** Seals the login and a pending one with the first key of CREDENTIAL_KEYS; idempotent. */
  async reseal(): Promise<ReturnType<OAuthVault["reseal"]>> {
    return this.#vault.reseal();
  }

  /** Deletes the login, because the account has another credential type now. */
  forget(): Promise<void> {
    return this.#serialised(async () => {
      this.#vault.dropAll();
      await this.ctx.storage.deleteAlarm();
    });
  }

  override async alarm(): Promise<void> {
    try {
      const state = this.#state();
      if (!state) return;
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

  /** One renewal at a time: concurrent callers share it. It continues after its caller has ended. */
  #renew(how: Renewal): Promise<void> {
    if (!this.#renewing) {
      this.#renewing = this.#serialised(() => this.#renewOnce(how)).finally(() => {
        this.#renewing = null;
      });
      this.ctx.waitUntil(this.#renewing);
    }
    return this.#renewing;
  }

  async #renewOnce({ generation, isForced, mustSucceed }: Renewal): Promise<void> {
    const begun = Date.now();
    for (let tries = 1; ; tries++) {
      const state = this.#state();
      if (state?.generation !== generation) return;
      if (isForced && tries === 1) await this.#store(recordForcedRefresh(state, begun));
      const requestedAt = Date.now();
      const body = refreshTokenBody(this.#config.CLAUDE_OAUTH_CLIENT_ID, state.pair.refreshToken);
      const outcome = await callTokenEndpoint(this.#config, body);
      // No await between the response and this: the old refresh token is spent. The state may have changed beside the pair meanwhile.
      const next = afterRefresh(this.#state() ?? state, outcome, requestedAt, Date.now());
      await this.#store(next);
      this.#logRenewal(next, outcome.kind);
      const isUndecided = outcome.kind === "failed" || outcome.kind === "partial";
      const mayRetry = mustSucceed && tries < MAX_TRIES && Date.now() - begun < RETRY_WINDOW_MS;
      if (!isUndecided || !mayRetry) return;
      await scheduler.wait(RETRY_DELAY_MS * 4 ** (tries - 1));
    }
  }

  async #accept(pair: TokenPair, force: boolean, dryRun = false): Promise<"stored" | "kept" | "conflict"> {
    const origin = toHex(sha256(pair.refreshToken));
    const accepted = acceptPair(this.#state(), pair, origin, force, Date.now());
    if (accepted.result === "stored" && !dryRun) await this.#store(accepted.state);
    return accepted.result;
  }

  async #alertNeedsLogin(): Promise<void> {
    const needsLogin = this.#state()?.needsLogin;
    if (!needsLogin) return;
    const { reason, since } = needsLogin;
    await alert(this.env, { kind: "needs_login", accountId: this.#vault.accountId, reason, at: since });
    const state = this.#state();
    if (state) await this.#store({ ...state, alertPending: false });
  }

  /** Resolves when the state is durable. The alarm is set after that, because setting it in the same tick would delay the commit. */
  async #store(state: OAuthState): Promise<void> {
    this.#vault.putAccount(state);
    await this.ctx.storage.sync();
    await this.#scheduleAlarm();
  }

  async #scheduleAlarm(): Promise<void> {
    const state = this.#state();
    const at = state && nextAlarmAt(state, Date.now());
    await (at === null ? this.ctx.storage.deleteAlarm() : this.ctx.storage.setAlarm(at));
  }

  /** Null when no readable login is stored. */
  #state(): OAuthState | null {
    const stored = this.#vault.account();
    return stored.kind === "present" ? stored.value : null;
  }

  /** Runs `work` after all earlier work: changes of the state that wait for the vendor run one after the other. */
  #serialised<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  #logRenewal(state: OAuthState, outcome: string): void {
    const fields = { accountId: this.#vault.accountId, outcome, failures: state.failures };
    if (outcome === "granted") log.info("oauth: token renewed", fields);
    else log.warn("oauth: token renewal failed", { ...fields, error: state.lastError?.message ?? null });
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
