/** The query parameters of the dashboard's pages. */

/** Of every page: the filters of the toolbar. */
export const FILTER_PARAMETERS = ["domain", "accountId", "model", "range", "from", "to"] as const;

/** Of single pages besides the filters, by route. */
export const PAGE_PARAMETERS = {
  "/usage.csv": ["by"],
  "/requests": ["requestType", "status", "outcome", "failed", "sessionId", "conversationId", "cursor"],
  "/requests/:id": ["tab", "event", "messages", "rated", "tools"],
  "/analyses": ["status", "cursor"],
  "/conversations": ["search", "hasErrors", "cursor"],
  "/conversations/:id": [
    "against",
    "branch",
    "branches",
    "compare",
    "cursor",
    "open",
    "rated",
    "reminders",
    "requestId",
    "tools",
    "version",
    "view",
  ],
  "/conversations/:id/export": ["branch", "format"],
  "/domains/new": ["step"],
  "/domains/:domain": ["saved"],
  "/accounts/:id": ["done"],
  "/audit": ["actor", "action", "target", "cursor"],
  "/prompts": ["search", "synced"],
  "/settings": ["show"],
} as const satisfies Record<string, readonly string[]>;

/** A page can read only what is listed here. */
export type PageQuery = Partial<
  Record<
    (typeof FILTER_PARAMETERS)[number] | (typeof PAGE_PARAMETERS)[keyof typeof PAGE_PARAMETERS][number],
    string
  >
>;
