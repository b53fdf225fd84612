/** An administrator sets domains up in a real browser, without a script: step by step, to a key that works and a login that serves. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { send } from "../../scripts/local/demo/send.ts";
import { startBrowser } from "../../scripts/lib/browser.ts";
import { startFakeSlack } from "../support/fake-slack.ts";
import { startClaudeStack, type ClaudeStack } from "../support/local-stack.ts";

let slack: Awaited<ReturnType<typeof startFakeSlack>>;
let stack: ClaudeStack;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [stack, slack, browser] = await Promise.all([startClaudeStack(), startFakeSlack(), startBrowser()]);
  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 390, height: 844 },
  });
  page = await context.newPage();
  await page.goto(`${stack.dashboardUrl}/domains`);
  await page.fill("input[name=key]", stack.dashboardKey);
  await page.click("main button[type=submit], form button");
});

afterAll(async () => {
  await browser.close();
  await stack.stop();
  await slack.close();
});

const words = () => page.innerText("main");
const press = async (name: string) => {
  await page.getByRole("button", { name, exact: true }).click();
};

/** The first two steps: the host, and its account. */
async function begin(host: string, credential: string, more: Record<string, string> = {}): Promise<void> {
  await page.goto(`${stack.dashboardUrl}/domains`);
  await page.getByRole("link", { name: "Add domain" }).click();
  await page.fill("input[name=domain]", `https://${host}/`);
  await press("Continue");
  await page.check(`input[name=credential][value=${credential}]`);
  for (const [name, value] of Object.entries(more)) await page.fill(`input[name=${name}]`, value);
  await press("Continue");
}

/** The last two: no Slack, and a key for "ann", which is returned. */
async function finish(): Promise<string> {
  await page.getByRole("link", { name: "Skip Slack" }).click();
  await page.fill("input[name=name]", "ann");
  await press("Create key");
  return /cnp_live_[\w-]{43}/.exec(await words())?.[0] ?? "";
}

function askThrough(host: string, headers: Record<string, string>) {
  return send({
    baseUrl: stack.proxyUrl,
    host,
    method: "GET",
    path: "/v1/models",
    headers: { "anthropic-version": "2023-06-01", ...headers },
  });
}

describe("an administrator without a script", () => {
  it("sets a domain up with an API key, and the key shown at the end works with the lines shown", async () => {
    const host = "keyed.example";
    await begin(host, "api_key", { accountId: "not allowed", api_key: "sk-ant-api03-upstream" });
    expect(await words()).toContain("Expected: an account's id");
    expect(await page.getAttribute("input[name=accountId]", "aria-invalid")).toBe("true");
    await page.fill("input[name=accountId]", "team");
    await page.fill("input[name=api_key]", "sk-ant-api03-upstream");
    await press("Continue");
    const key = await finish();
    const { port } = new URL(stack.proxyUrl);
    const [, shown] = /export ANTHROPIC_BASE_URL=(\S+)/.exec(await words())!;
    expect(shown).toBe(`http://${host}:${port}`);
    expect(await words()).toContain(`echo "127.0.0.1 ${host}" | sudo tee -a /etc/hosts`);
    expect(await words()).toContain(`export ANTHROPIC_AUTH_TOKEN=${key}`);
    stack.claude.reset();
    expect((await askThrough(new URL(shown!).host, { authorization: `Bearer ${key}` })).status).toBe(200);
    expect(headerOf(stack.claude.requests[0]!, "x-api-key")).toBe("sk-ant-api03-upstream");
    expect((await askThrough(host, { authorization: "Bearer wrong" })).status).toBe(401);
  });

  it("sets one up for passthrough, whose lines keep the client's own credential", async () => {
    const host = "through.example";
    await begin(host, "passthrough", { accountId: "everybody" });
    const key = await finish();
    expect(await words()).toContain(`export ANTHROPIC_CUSTOM_HEADERS="x-nexus-key: ${key}"`);
    stack.claude.reset();
    const asked = await askThrough(host, { "x-nexus-key": key, "x-api-key": "sk-ant-api03-mine" });
    expect(asked.status).toBe(200);
    expect(headerOf(stack.claude.requests[0]!, "x-api-key")).toBe("sk-ant-api03-mine");
  });

  it("logs in at Claude: terms first, then the page, then the code; a wrong code changes nothing", async () => {
    const host = "login.example";
    await begin(host, "oauth", { accountId: "maya" });
    expect(await words()).toContain("Anthropic's terms");
    await press("This is my own account: continue");
    const address = await page.getByRole("link", { name: "Open login page" }).getAttribute("href");
    await page.fill("input[name=code]", "nonsense");
    await press("Complete login");
    expect(await page.getAttribute("input[name=code]", "aria-invalid")).toBe("true");
    const agreed = await (await fetch(address ?? "")).text();
    await page.fill("input[name=code]", /<code>(.*)<\/code>/.exec(agreed)?.[1] ?? "");
    await press("Complete login");
    const key = await finish();
    stack.claude.reset();
    expect((await askThrough(host, { authorization: `Bearer ${key}` })).status).toBe(200);
    expect(headerOf(stack.claude.requests[0]!, "authorization")).toMatch(/^Bearer sk-ant-oat/);

    await page.goto(`${stack.dashboardUrl}/accounts/maya`);
    expect(await words()).toMatch(/Claude login, ?Ready|Access token expires/);
    await press("Renew tokens now");
    expect(await words()).toContain("Renewal requested");
    expect(await words()).toContain("Renewals since login");
  });

  it("sets limits, tries Slack, deletes by name, and finds all of it in the audit log", async () => {
    await page.goto(`${stack.dashboardUrl}/accounts/team`);
    await page.click("summary:has-text('Limits and alerts')");
    await page.check("input[name=alerts][value=own]");
    await page.fill("input[name=thresholds]", "50, 2000");
    await page.click("form[action$='/limits'] button");
    expect(await page.getAttribute("input[name=thresholds]", "aria-invalid")).toBe("true");
    expect(await page.inputValue("input[name=thresholds]")).toBe("50, 2000");
    await page.fill("input[name=thresholds]", "50, 95");
    await page.fill("input[name=tokenLimit]", "1,000,000");
    await page.click("form[action$='/limits'] button");
    expect(await words()).toContain("Saved.");
    expect(await page.inputValue("input[name=tokenLimit]")).toBe("1000000");

    await page.goto(`${stack.dashboardUrl}/domains/keyed.example`);
    await page.click("summary:has-text('Edit Slack settings')");
    await page.fill("input[name=webhook_url]", `http://${slack.address}/services/here/ok`);
    await page.click("form[action$='/slack'] button");
    await press("Send test message");
    expect(await words()).toContain("Slack accepted the message");

    await page.goto(`${stack.dashboardUrl}/domains/through.example`);
    await page.click("summary:has-text('Delete')");
    await page.fill("form[action$='/delete'] input[name=confirm]", "other.example");
    await page.click("form[action$='/delete'] button");
    expect(await words()).toContain("Nothing was changed");
    await page.fill("form[action$='/delete'] input[name=confirm]", "through.example");
    await page.click("form[action$='/delete'] button");
    expect(new URL(page.url()).pathname).toBe("/domains");

    await page.goto(`${stack.dashboardUrl}/audit?action=domain.delete`);
    expect(await words()).toContain("through.example");
    expect(await words()).not.toContain("keyed.example");
    await page.goto(`${stack.dashboardUrl}/audit`);
    for (const done of [
      "Limits or alerts changed",
      "Slack test sent",
      "Account logged in",
      "Client key created",
    ])
      expect(await words()).toContain(done);
    expect(await words()).not.toContain("sk-ant-api03");
  });

  it("sees these pages on a phone without sideways scrolling", async () => {
    for (const path of [
      "/accounts",
      "/accounts/maya",
      "/accounts/maya/login",
      "/domains/new",
      "/audit",
      "/settings",
      "/domains/keyed.example",
    ]) {
      const response = await page.goto(stack.dashboardUrl + path);
      expect(response?.status(), path).toBe(200);
      const box = await page.locator("html").boundingBox();
      expect(box?.width, path).toBeLessThanOrEqual(390);
    }
  });
});
