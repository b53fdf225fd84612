import { expect, it } from "vitest";
import { allowedWebhook } from "./webhook-url.ts";

const DEPLOYED = { SLACK_WEBHOOK_HOSTS: "hooks.slack.com, Hooks.Example.org", LOCAL_WORLD: false };
const LOCAL = { ...DEPLOYED, LOCAL_WORLD: true };

it.each([
  "https://hooks.slack.com/services/T/B/x",
  "https://HOOKS.slack.com/services/T/B/x",
  "https://hooks.example.org/x",
  "https://hooks.slack.com:443/x",
])("%s may be called", (address) => {
  expect(allowedWebhook(address, DEPLOYED)?.protocol).toBe("https:");
});

it.each([
  "http://hooks.slack.com/services/T/B/x",
  "https://hooks.slack.com.evil.example/x",
  "https://evil.example/hooks.slack.com",
  "https://hooks.slack.com@evil.example/x",
  "https://me:secret@hooks.slack.com/x",
  "https://hooks.slack.com:8443/x",
  "https://127.0.0.1/x",
  "http://localhost:3000/x",
  "https://169.254.169.254/latest/meta-data",
  "file:///etc/passwd",
  "hooks.slack.com/services",
  "",
])("%s may not", (address) => {
  expect(allowedWebhook(address, DEPLOYED)).toBeNull();
});

it("loopback is for the local stack", () => {
  expect(allowedWebhook("http://127.0.0.1:9/x", LOCAL)?.port).toBe("9");
  expect(allowedWebhook("http://localhost:9/x", LOCAL)).not.toBeNull();
  expect(allowedWebhook("http://[::1]:9/x", LOCAL)).not.toBeNull();
  expect(allowedWebhook("ftp://127.0.0.1/x", LOCAL)).toBeNull();
  expect(allowedWebhook("http://192.168.0.1/x", LOCAL)).toBeNull();
});
