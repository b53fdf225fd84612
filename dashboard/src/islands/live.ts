/**
 * Live pages: after an event, the page is fetched again and its parts marked `data-live` are replaced, so that only the
 * server renders them. Parts with a selection, an open help text or a focused input are kept. A hidden tab is not connected.
 * The indicator shows since when the connection is lost; an ended session shows a link to sign in.
 */
import { revealCopyButtons } from "./copy.ts";
import { hideSessionEnded, showSessionEnded } from "./session-ended.ts";
import { updateTimes } from "./times.ts";

/** A busy proxy stores many exchanges a second; a page is refreshed at most this often. */
const REFRESH_INTERVAL_MS = 5_000;
/** The browser reconnects by itself; only a longer loss is shown. */
const LOST_GRACE_MS = 8_000;
/** EventSource does not reconnect after an error status; a new one is opened after this delay. */
const RECONNECT_DELAY_MS = 15_000;
/** Events that change parts with `data-live="analysis"`, and all other parts. */
const ANALYSIS_EVENTS = ["analysis.updated"];
const EXCHANGE_EVENTS = ["exchange.started", "exchange.stored", "window.updated"];

export function bindLive(): void {
  const parts = [...document.querySelectorAll<HTMLElement>("[data-live]")];
  if (parts.length === 0) return;
  const events = new Set(
    parts.flatMap(({ dataset }) => (dataset.live === "analysis" ? ANALYSIS_EVENTS : EXCHANGE_EVENTS)),
  );
  let source: EventSource | null = null;
  let refreshTimer: ReturnType<typeof setTimeout> | undefined;
  let lostTimer: ReturnType<typeof setTimeout> | undefined;
  let reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  let lastRefreshAt = 0;
  let isRefreshing = false;
  /** An event arrived while the page was fetched, which may be without its change. */
  let isOutdated = false;

  const disconnect = () => {
    source?.close();
    source = null;
    clearTimeout(reconnectTimer);
  };

  const endSession = () => {
    disconnect();
    clearTimeout(lostTimer);
    lostTimer = undefined;
    showState("lost", "Signed out");
    showSessionEnded();
  };

  const refresh = () => {
    if (isRefreshing) isOutdated = true;
    if (isRefreshing || refreshTimer !== undefined) return;
    refreshTimer = setTimeout(
      () => {
        refreshTimer = undefined;
        isRefreshing = true;
        isOutdated = false;
        void refreshParts().then((outcome) => {
          isRefreshing = false;
          lastRefreshAt = Date.now();
          if (outcome === "exchanged") hideSessionEnded();
          if (outcome === "ended") endSession();
          else if (isOutdated) refresh();
        });
      },
      Math.max(250, REFRESH_INTERVAL_MS - (Date.now() - lastRefreshAt)),
    );
  };
  const connect = () => {
    disconnect();
    source = new EventSource("/live");
    source.addEventListener("open", () => {
      clearTimeout(lostTimer);
      lostTimer = undefined;
      showState("live", "Live");
      // What is about to change may have done so before the connection was there.
      if (document.querySelector("[data-live] [data-changing]")) refresh();
    });
    source.addEventListener("error", () => {
      const since = new Date();
      lostTimer ??= setTimeout(
        () => showState("lost", `Disconnected since ${since.toTimeString().slice(0, 5)}`),
        LOST_GRACE_MS,
      );
      if (source?.readyState !== EventSource.CLOSED) return;
      // After an error status, reloading the page shows whether the session has ended.
      reconnectTimer = setTimeout(connect, RECONNECT_DELAY_MS);
      refresh();
    });
    source.addEventListener("session.ended", endSession);
    for (const name of [...events, "reset"]) source.addEventListener(name, refresh);
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) disconnect();
    else if (source === null) {
      refresh();
      connect();
    }
  });
  // A connection that is still being opened would be refused after the sign-out.
  document
    .querySelectorAll('form[action="/sign-out"]')
    .forEach((form) => form.addEventListener("submit", disconnect));
  if (!document.hidden) connect();
}

function showState(state: "live" | "lost", label: string): void {
  for (const indicator of document.querySelectorAll<HTMLElement>("[data-live-state]")) {
    indicator.hidden = false;
    indicator.dataset.liveState = state;
    const text = indicator.querySelector("[data-live-label]");
    if (text && text.textContent !== label) text.textContent = label;
  }
}

/** Fetches this page again and replaces its live parts. A failure changes nothing: the next event retries. */
async function refreshParts(): Promise<"exchanged" | "failed" | "ended"> {
  const response = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (response?.redirected && new URL(response.url).pathname === "/sign-in") return "ended";
  const html = response?.ok && !response.redirected ? await response.text().catch(() => "") : "";
  if (html === "") return "failed";
  const next = new DOMParser().parseFromString(html, "text/html");
  for (const part of document.querySelectorAll<HTMLElement>("[data-live]")) {
    const replacement = next.getElementById(part.id);
    if (replacement && !isInUse(part)) replaceContent(part, replacement);
  }
  updateTimes();
  return "exchanged";
}

/** Whether a replacement would lose a selection, an open help text or typed input, also where it is not focused any more. */
function isInUse(part: HTMLElement): boolean {
  const selection = getSelection();
  const isSelecting = selection !== null && !selection.isCollapsed && selection.containsNode(part, true);
  const isTyped = [...part.querySelectorAll<HTMLTextAreaElement>("textarea")].some(
    (field) => field.value !== field.defaultValue,
  );
  return (
    isSelecting ||
    isTyped ||
    part.querySelector(":popover-open, input:focus, select:focus, textarea:focus") !== null
  );
}

/** Replaces the content and keeps focus, the marked row and opened folds. */
function replaceContent(part: HTMLElement, replacement: HTMLElement): void {
  const focused = part.contains(document.activeElement) ? hrefOf(document.activeElement) : null;
  const marked = hrefOf(part.querySelector("[data-marked] a.row-link"));
  const open = [...part.querySelectorAll("details")].map((one) => one.open);
  part.replaceChildren(...replacement.childNodes);
  part.querySelectorAll("details").forEach((one, index) => {
    if (open[index] !== undefined) one.open = open[index];
  });
  revealCopyButtons(part);
  findLink(part, marked)?.closest("[data-row]")?.setAttribute("data-marked", "");
  findLink(part, focused)?.focus({ preventScroll: true });
}

const hrefOf = (element: Element | null) => element?.getAttribute("href") ?? null;

function findLink(part: HTMLElement, address: string | null): HTMLElement | null {
  return address === null ? null : part.querySelector<HTMLElement>(`a[href="${CSS.escape(address)}"]`);
}
