/** `/api/domains`: the hosts that are served, their accounts and their client keys. */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "zod";
import { outboxName } from "../../runtime/raise-alert.ts";
import type { DeliveryResult } from "../../schemas/alert.ts";
import type { Config } from "../../runtime/config.ts";
import { domainOfHost, isLoopbackName } from "../../domain/http/host.ts";
import { allowedWebhook } from "../../domain/alerts/webhook-url.ts";
import {
  AnalysisSettings,
  AnalysisSettingsInput,
  ClientKeyInput,
  type CredentialInput,
  DomainDetail,
  DomainInput,
  DomainList,
  NewClientKey,
  OtherFieldsView,
  type SlackInput,
  SlackTest,
} from "../../schemas/api/domains.ts";
import { oneOf, optional, uuid } from "../../schemas/api/parameters.ts";
import { writeAudit } from "../../store/admin/audit.ts";
import { createClientKey, revokeClientKey } from "../../store/tenants/client-keys.ts";
import { loginState, readLogin } from "../../store/tenants/account-read.ts";
import { putAnalysisSettings, readAnalysisSettings } from "../../store/tenants/analysis-settings.ts";
import {
  deleteDomain,
  listDomains,
  putDomain,
  readDomainDetail,
  readOtherFields,
} from "../../store/tenants/domains.ts";
import { callOAuthAccount } from "../../store/tenants/oauth-stub.ts";
import type { AccountCredential } from "../../store/tenants/accounts.ts";
import { auditActor, withProjectionErrors } from "./audit-context.ts";
import { type ApiEnv, newRoutes } from "../http/context.ts";
import { conflictResponse, json, jsonBody, notFoundResponse, errorResponses } from "../http/openapi.ts";
import { ApiError, invalidParameter } from "../http/errors.ts";

const HOST_RULE =
  "a host name without port: labels of 1 to 63 letters, digits, hyphens and underscores, 253 characters in all (internationalised names in punycode), or an IP address, IPv6 in brackets";

/** Normalised to the form that the proxy looks up. */
const DomainName = z.string({ error: HOST_RULE }).transform((text, context) => {
  const hasPort = /(?:^[^:[\]]*|\]):/.test(text);
  const domain = hasPort ? null : domainOfHost(text);
  if (domain !== null) return domain;
  context.addIssue({ code: "custom", message: HOST_RULE });
  return z.NEVER;
});
const DomainParameter = z.object({ domain: DomainName.describe("The host name, without port.") });
const DryRunQuery = z.object({
  dryRun: optional(oneOf(["true", "false"])).describe(
    "true: changes nothing. Returns 204 where the call would succeed, else the error of the call.",
  ),
});
const PutQuery = DryRunQuery.extend({
  force: optional(oneOf(["true", "false"])).describe(
    "true: also replaces tokens that were refreshed here since they were entered.",
  ),
});
const ClientKeyParameter = DomainParameter.extend({ id: uuid().describe("The key's id.") });

const tags = ["Domains"];
const dryRunResponse = { 204: { description: "A dry run would succeed." } };
const list = createRoute({
  method: "get",
  path: "/api/domains",
  tags,
  summary: "Every configured or seen domain",
  responses: { 200: json("The domains, by name.", DomainList), ...errorResponses },
});
const read = createRoute({
  method: "get",
  path: "/api/domains/{domain}",
  tags,
  summary: "One configured domain",
  request: { params: DomainParameter },
  responses: {
    200: json("The domain, without its secrets.", DomainDetail),
    ...errorResponses,
    ...notFoundResponse,
  },
});
const put = createRoute({
  method: "put",
  path: "/api/domains/{domain}",
  tags,
  summary: "Configure a domain",
  request: { params: DomainParameter, query: PutQuery, body: jsonBody(DomainInput) },
  responses: {
    200: json("Updated.", DomainDetail),
    201: json("Created.", DomainDetail),
    ...dryRunResponse,
    ...errorResponses,
    ...conflictResponse,
  },
});
const remove = createRoute({
  method: "delete",
  path: "/api/domains/{domain}",
  tags,
  summary: "Stop serving a domain; its recorded exchanges stay",
  request: { params: DomainParameter },
  responses: { 204: { description: "Deleted." }, ...errorResponses, ...notFoundResponse },
});
const createKey = createRoute({
  method: "post",
  path: "/api/domains/{domain}/client-keys",
  tags,
  summary: "Create a client key",
  request: { params: DomainParameter, query: DryRunQuery, body: jsonBody(ClientKeyInput) },
  responses: {
    201: json("The key, which is returned only here.", NewClientKey),
    ...dryRunResponse,
    ...errorResponses,
    ...notFoundResponse,
    ...conflictResponse,
  },
});
const readOther = createRoute({
  method: "get",
  path: "/api/domains/{domain}/other-fields",
  tags,
  summary: "Unused fields of an imported credential file; for administrators",
  request: { params: DomainParameter },
  responses: { 200: json("The fields as imported.", OtherFieldsView), ...errorResponses },
});
const revokeKey = createRoute({
  method: "delete",
  path: "/api/domains/{domain}/client-keys/{id}",
  tags,
  summary: "Revoke a client key",
  request: { params: ClientKeyParameter },
  responses: {
    204: { description: "It stops working within two minutes." },
    ...errorResponses,
    ...notFoundResponse,
  },
});

const readAnalysis = createRoute({
  method: "get",
  path: "/api/domains/{domain}/analysis",
  tags,
  summary: "Whether and when conversations of a configured or seen domain are analyzed",
  request: { params: DomainParameter },
  responses: { 200: json("The settings.", AnalysisSettings), ...errorResponses, ...notFoundResponse },
});
const putAnalysis = createRoute({
  method: "put",
  path: "/api/domains/{domain}/analysis",
  tags,
  summary: "Allow analyses of conversations, also for a domain that is served without being configured",
  request: { params: DomainParameter, body: jsonBody(AnalysisSettingsInput) },
  responses: {
    200: json("The settings.", AnalysisSettings),
    ...errorResponses,
    ...notFoundResponse,
    ...conflictResponse,
  },
});
const testSlack = createRoute({
  method: "post",
  path: "/api/domains/{domain}/slack-test",
  tags,
  summary: "Send a test message to the domain's Slack channel",
  request: { params: DomainParameter },
  responses: { 200: json("The result.", SlackTest), ...errorResponses },
});

export const domainRoutes = newRoutes()
  .openapi(list, async (c) => c.json(await listDomains(c.get("config"), new Date()), 200))
  .openapi(read, async (c) => c.json(await readDetail(c, c.req.valid("param").domain), 200))
  .openapi(put, async (c) => {
    const { domain } = c.req.valid("param");
    const { credential: given, slack, ...rest } = c.req.valid("json");
    checkSlack(slack, c.get("config"));
    checkAutomatic(rest, c.get("config"));
    const { force, dryRun } = optionsOf(c.req.valid("query"));
    const credential = await storeLogin(c, rest.accountId, given, { force, dryRun });
    const change = { ...rest, slack, credential };
    const stored = await withProjectionErrors(() =>
      putDomain(c.get("config"), c.env, domain, change, auditActor(c), { dryRun }),
    );
    if (stored.result === "credential_needed")
      throw invalidParameter(
        "body",
        "credential",
        stored.state === "missing"
          ? `is missing, and the account ${rest.accountId} has none`
          : `is missing, and the one the account ${rest.accountId} has was sealed with a key that CREDENTIAL_KEYS no longer holds`,
        "the account's upstream credential",
      );
    if (dryRun) return c.body(null, 204);
    if (credential && credential.type !== "oauth")
      await callOAuthAccount(c.env, rest.accountId, async (account) => await account.forget());
    return c.json(await readDetail(c, domain), stored.created ? 201 : 200);
  })
  .openapi(remove, async (c) => {
    const { domain } = c.req.valid("param");
    const isKnown = await withProjectionErrors(() =>
      deleteDomain(c.get("config"), c.env, domain, auditActor(c)),
    );
    if (!isKnown) throw notConfigured(domain);
    return c.body(null, 204);
  })
  .openapi(createKey, async (c) => {
    const { domain } = c.req.valid("param");
    const input = c.req.valid("json");
    const { dryRun } = optionsOf(c.req.valid("query"));
    const created = await withProjectionErrors(
      () => createClientKey(c.get("config"), c.env, domain, input, auditActor(c), { dryRun }),
      "The key was not created, because writing it to KV failed. Try again.",
    );
    if (created.ok) return dryRun ? c.body(null, 204) : c.json(created.value, 201);
    if (created.error === "not_configured") throw notConfigured(domain);
    throw new ApiError(
      "conflict",
      "This key belongs to another domain or has been revoked. Omit `key` to create a new one.",
    );
  })
  .openapi(readOther, async (c) => {
    const { domain } = c.req.valid("param");
    return c.json({ otherFields: await readOtherFields(c.get("config"), domain) }, 200);
  })
  .openapi(revokeKey, async (c) => {
    const { domain, id } = c.req.valid("param");
    const isKnown = await withProjectionErrors(() =>
      revokeClientKey(c.get("config"), c.env, domain, id, auditActor(c)),
    );
    if (!isKnown) throw new ApiError("not_found", `${domain} has no client key ${id}.`);
    return c.body(null, 204);
  })
  .openapi(readAnalysis, async (c) => {
    const { domain } = c.req.valid("param");
    return c.json(await analysisSettings(c, domain), 200);
  })
  .openapi(putAnalysis, async (c) => {
    const { domain } = c.req.valid("param");
    const change = c.req.valid("json");
    checkAutomatic(change, c.get("config"));
    if (!(await putAnalysisSettings(c.get("config"), domain, change, auditActor(c), isOpen(c, domain))))
      throw notConfigured(domain);
    return c.json(await analysisSettings(c, domain), 200);
  })
  .openapi(testSlack, async (c) => {
    const { domain } = c.req.valid("param");
    const at = Date.now();
    const target = { kind: "domain" as const, domain };
    const outbox = c.env.ALERT_OUTBOX.getByName(outboxName(target));
    const sent: DeliveryResult = await outbox.sendTest(target, { kind: "test", domain, at });
    const delivered = sent.result === "sent";
    await writeAudit(c.get("config"), {
      ...auditActor(c),
      action: "domain.slack_test",
      target: domain,
      details: { delivered },
    });
    return c.json({ delivered, message: slackTestMessage(domain, sent) }, 200);
  });

async function analysisSettings(c: Context<ApiEnv>, domain: string): Promise<AnalysisSettings> {
  const found = await readAnalysisSettings(c.get("config"), domain);
  if (found) return found;
  if (!isOpen(c, domain)) throw notConfigured(domain);
  return { domain, analysisEnabled: false, analysisAutomatic: null };
}

/** Whether the proxy serves the domain without configuration. */
const isOpen = (c: Context<ApiEnv>, domain: string) => c.get("config").LOCAL_WORLD && isLoopbackName(domain);

/** Without a budget, automatic mode would pay for every conversation. */
function checkAutomatic({ analysisAutomatic }: AnalysisSettingsInput, config: Config): void {
  if (analysisAutomatic && config.AI_DAILY_BUDGET_USD === undefined)
    throw new ApiError(
      "conflict",
      "Automatic analyses need a daily budget. Set AI_DAILY_BUDGET_USD, deploy, and try again.",
    );
}

function slackTestMessage(domain: string, sent: DeliveryResult): string {
  if (sent.result === "dropped" && sent.reason === "")
    return `No message was sent for ${domain}: it has no webhook and there is no default webhook, or Slack is disabled for it.`;
  if (sent.result === "sent") return "Slack accepted the message. It is in the channel now.";
  const reason = sent.reason ?? "no reason given";
  return sent.result === "dropped"
    ? `Slack rejected the message: ${reason}. Check the webhook URL.`
    : `The message was not delivered: ${reason}. Try again in a minute.`;
}

async function readDetail(c: Context<ApiEnv>, domain: string): Promise<DomainDetail> {
  const found = await readDomainDetail(c.get("config"), domain);
  if (!found) throw notConfigured(domain);
  if (found.credential.type !== "oauth") return found;
  const state = loginState(await readLogin(c.env, found.accountId));
  return { ...found, credential: { type: "oauth", state } };
}

function optionsOf({ force, dryRun }: { force?: string | undefined; dryRun?: string | undefined }) {
  return { force: force === "true", dryRun: dryRun === "true" };
}

function notConfigured(domain: string): ApiError {
  return new ApiError(
    "not_found",
    `The domain ${domain} is not configured. PUT /api/domains/${domain} configures it.`,
  );
}

/**
 * Tokens of a login are first put into the OAuthAccount object, so that nothing changes if it rejects them. Other credentials
 * replace an existing login only after they are stored.
 */
async function storeLogin(
  c: Context<ApiEnv>,
  accountId: string,
  credential: CredentialInput | undefined,
  { force, dryRun }: ReturnType<typeof optionsOf>,
): Promise<AccountCredential | undefined> {
  if (credential?.type !== "oauth") return credential;
  const { accessToken, refreshToken, expiresAt, scopes } = credential;
  const pair = { accessToken, refreshToken, expiresAt, scopes };
  const outcome = await callOAuthAccount(
    c.env,
    accountId,
    async (account): Promise<"stored" | "kept" | "conflict"> => await account.put(pair, force, dryRun),
  );
  if (outcome === "conflict")
    throw new ApiError(
      "conflict",
      `The account ${accountId} has tokens that were refreshed here, and the given ones may be older. Nothing was changed. Omit the credential to keep the login of the account, or add ?force=true to replace it.`,
    );
  return { type: "oauth" };
}

/** The Worker calls the address later, so the rule of that call is checked now. */
function checkSlack(slack: SlackInput | null | undefined, config: Config): void {
  const address = slack?.webhook_url;
  if (address === null || address === undefined || allowedWebhook(address, config)) return;
  const hosts = config.SLACK_WEBHOOK_HOSTS.split(",").join(" or ");
  throw invalidParameter("body", "slack.webhook_url", "is not allowed", `an https address on ${hosts}`);
}
