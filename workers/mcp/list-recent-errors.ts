/** Tool `list_recent_errors`: failed requests, newest first. */
import { z } from "zod";
import { HOUR_MS } from "../runtime/constants.ts";
import { listRequests } from "../store/requests/list.ts";
import type { RequestRow } from "../schemas/api/requests.ts";
import { cleanLine, recorded } from "./recorded-text.ts";
import type { Tool } from "./tool.ts";

const MAX_MESSAGE = 500;

const Input = z.object({
  hours: z.int().min(1).max(720).default(24).describe("How far back."),
  limit: z.int().min(1).max(50).default(10).describe("Requests, at most."),
});

export const listRecentErrors: Tool<typeof Input> = {
  name: "list_recent_errors",
  title: "Recent errors",
  description:
    "Lists requests to Claude that failed, newest first: status, type of error, who refused it (Claude, or this proxy), model and message.",
  input: Input,
  target: () => "*",
  async run({ hours, limit }, { context, owner, now }) {
    const { requests, pagination } = await listRequests(context.config, {
      ...owner,
      failed: "true",
      from: new Date(now - hours * HOUR_MS),
      limit,
      before: null,
    });
    if (requests.length === 0) return { text: `No failed request in the last ${hours} hours.` };
    return {
      text: recorded(requests.map(asLine), "\n", (shown) => ({
        heading: `${shown} failed requests of the last ${hours} hours, newest first.`,
        ending: pagination.hasMore || shown < requests.length ? "There are older ones." : "",
      })),
    };
  },
};

function asLine({
  timestamp,
  refusedBy,
  responseStatus,
  errorType,
  outcome,
  model,
  path,
  error,
}: RequestRow) {
  const who = refusedBy === null ? "" : ` by ${refusedBy === "nexus" ? "this proxy" : "Claude"}`;
  const facts = [
    responseStatus === null ? "no status" : `status ${responseStatus}`,
    `${errorType ?? outcome}${who}`,
    model ?? "no model",
    path,
  ].map((fact) => cleanLine(fact, 200));
  const message = error === null ? "" : `:\n  ${cleanLine(error, MAX_MESSAGE)}`;
  return `- ${timestamp} ${facts.join(", ")}${message}`;
}
