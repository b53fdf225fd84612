/**
 * Durable Objects whose calls are counted: each method calls the upstream once, which counts what it is called. Only what the
 * hot path asks for is here; the token that is handed out lives for a day.
 */
import { DurableObject } from "cloudflare:workers";

const called = (env) =>
  fetch(env.UPSTREAM, { method: "POST", body: "{}" }).then((response) => response.arrayBuffer());

export class OAuthAccount extends DurableObject {
  async token() {
    await called(this.env);
    const accessToken = "sk-ant-oat01-bench";
    return { result: "token", accessToken, expiresAt: Date.now() + 86_400_000, generation: 1 };
  }
}

export class AccountWindow extends DurableObject {
  report() {
    return called(this.env);
  }
}

export class LiveFeed extends DurableObject {
  async publish() {
    await called(this.env);
  }
}

export class AlertOutbox extends DurableObject {
  async raise() {
    await called(this.env);
    return 0;
  }
}

export class CronSchedule extends DurableObject {}

export class SignInGuard extends DurableObject {}

export default { fetch: () => new Response(null, { status: 404 }) };
