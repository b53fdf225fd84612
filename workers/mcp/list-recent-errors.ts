/** Tool `list_recent_errors`: failed requests, newest first. */
import { z } from "zod";
import { plainText } from "../domain/truncate.ts";
import { HOUR_MS } from "../runtime/constants.ts";
import { listRequests } from "../store/requests/list.ts";
import { byteLength, clean, MAX_RECORDED_BYTES, recorded, type Tool } from "./tool.ts";

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
    const lines: string[] = [];
    let bytesLeft = MAX_RECORDED_BYTES;
    for (const row of requests) {
      const who = row.refusedBy === null ? "" : ` by ${row.refusedBy === "nexus" ? "this proxy" : "Claude"}`;
      const facts = [
        row.responseStatus === null ? "no status" : `status ${row.responseStatus}`,
        `${row.errorType ?? row.outcome}${who}`,
        row.model ?? "no model",
        row.path,
      ].map((fact) => clean(plainText(fact, 200)));
      const line = `- ${row.timestamp} ${facts.join(", ")}${row.error === null ? "" : `:\n  ${clean(plainText(row.error, MAX_MESSAGE))}`}`;
      bytesLeft -= byteLength(line) + 1;
      if (bytesLeft < 0) break;
      lines.push(line);
    }
    if (lines.length === 0) return { text: `No failed request in the last ${hours} hours.` };
    const more = pagination.hasMore || lines.length < requests.length ? "There are older ones." : "";
    return {
      text: recorded(
        `${lines.length} failed requests of the last ${hours} hours, newest first.`,
        lines.join("\n"),
        more,
      ),
    };
  },
};
