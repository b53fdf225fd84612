/** Entry points of the Worker: handlers, entrypoints and Durable Objects. */
import { handleFetch, handleQueue } from "./app.ts";
import { handleScheduled } from "./scheduled/cron.ts";

export { AlertSender } from "./alerts/sender.ts";
export { DashboardApi } from "./api/entrypoint.ts";
export { Recorder } from "./proxy/record/recorder-entrypoint.ts";
export { AlertOutbox } from "../durable-objects/alert-outbox.ts";
export { AccountWindow } from "../durable-objects/account-window.ts";
export { CronSchedule } from "../durable-objects/cron-schedule.ts";
export { LiveFeed } from "../durable-objects/live-feed.ts";
export { OAuthAccount } from "../durable-objects/oauth-account.ts";
export { SignInGuard } from "../durable-objects/sign-in-guard.ts";

export default {
  fetch: handleFetch,
  queue: handleQueue,
  scheduled: handleScheduled,
} satisfies ExportedHandler<Env>;
