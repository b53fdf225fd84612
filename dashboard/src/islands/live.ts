/**
 * Live pages: when something was stored, the page is asked for again and the parts marked `data-live` are exchanged, so
 * that there is one way to draw them: the server's. Where somebody reads, selects or types, nothing moves. A hidden tab
 * listens to nothing; a lost connection says so and since when; a session that has ended leads to signing in.
 */
import { revealCopyButtons } from "./copy.ts";
import { hideSessionEnded, showSessionEnded } from "./session-ended.ts";
import { tellTimes } from "./times.ts";

/** Busy proxies store many exchanges a second; eyes do not need more than this. */
const EVERY_MS = 5_000;
/** Reconnecting is the browser's business; only a longer loss is worth a word. */
const LOST_AFTER_MS = 8_000;
/** A browser gives up for good when it is answered with a status instead of a stream; this long after, we ask again. */
const AGAIN_MS = 15_000;
const EVENTS = ["exchange.started", "exchange.stored", "window.updated", "reset"] as const;

export function bindLive(): void {
  if (!document.querySelector("[data-live]")) return;
  let source: EventSource | null = null;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let lost: ReturnType<typeof setTimeout> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let lastAt = 0;

  const stop = () => {
    source?.close();
    source = null;
    clearTimeout(again);
  };

  const refresh = () => {
    if (waiting !== undefined) return;
    waiting = setTimeout(
      () => {
        void loadParts().then((outcome) => {
          waiting = undefined;
          lastAt = Date.now();
          if (outcome === "exchanged") hideSessionEnded();
          if (outcome !== "ended") return;
          stop();
          clearTimeout(lost);
          lost = undefined;
          say("lost", "signed out");
          showSessionEnded();
        });
      },
      Math.max(250, EVERY_MS - (Date.now() - lastAt)),
    );
  };
  const listen = () => {
    stop();
    source = new EventSource("/live");
    source.addEventListener("open", () => {
      clearTimeout(lost);
      lost = undefined;
      say("live", "live");
    });
    source.addEventListener("error", () => {
      const since = new Date();
      lost ??= setTimeout(
        () => say("lost", `not live since ${since.toTimeString().slice(0, 5)}`),
        LOST_AFTER_MS,
      );
      if (source?.readyState !== EventSource.CLOSED) return;
      // Answered with a status: the page itself says whether the session has ended.
      again = setTimeout(listen, AGAIN_MS);
      refresh();
    });
    for (const name of EVENTS) source.addEventListener(name, refresh);
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else if (source === null) {
      refresh();
      listen();
    }
  });
  if (!document.hidden) listen();
}

function say(state: "live" | "lost", words: string): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-live-state]")) {
    place.hidden = false;
    place.dataset.liveState = state;
    const text = place.querySelector("[data-live-words]");
    if (text && text.textContent !== words) text.textContent = words;
  }
}

/** Asks for this very page and exchanges its live parts. A failure changes nothing: the next event tries again. */
async function loadParts(): Promise<"exchanged" | "failed" | "ended"> {
  const response = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  // What is on the screen stays readable.
  if (response?.redirected && new URL(response.url).pathname === "/sign-in") return "ended";
  const html = response?.ok && !response.redirected ? await response.text().catch(() => "") : "";
  if (html === "") return "failed";
  const next = new DOMParser().parseFromString(html, "text/html");
  for (const part of document.querySelectorAll<HTMLElement>("[data-live]")) {
    const made = next.getElementById(part.id);
    if (made && !isInUse(part)) exchange(part, made);
  }
  tellTimes();
  return "exchanged";
}

/** Whether a person would lose something: a selection, an open help, what they type. */
function isInUse(part: HTMLElement): boolean {
  const selection = getSelection();
  const isSelecting = selection !== null && !selection.isCollapsed && selection.containsNode(part, true);
  return (
    isSelecting || part.querySelector(":popover-open, input:focus, select:focus, textarea:focus") !== null
  );
}

/** Takes over the content and keeps what the person did: focus, the marked row, what was opened. */
function exchange(part: HTMLElement, made: HTMLElement): void {
  const focused = part.contains(document.activeElement) ? addressOf(document.activeElement) : null;
  const marked = addressOf(part.querySelector("[data-marked] a.row-link"));
  const open = [...part.querySelectorAll("details")].map((one) => one.open);
  part.replaceChildren(...made.childNodes);
  part.querySelectorAll("details").forEach((one, index) => {
    if (open[index] !== undefined) one.open = open[index];
  });
  revealCopyButtons(part);
  linkTo(part, marked)?.closest("[data-row]")?.setAttribute("data-marked", "");
  linkTo(part, focused)?.focus({ preventScroll: true });
}

const addressOf = (element: Element | null) => element?.getAttribute("href") ?? null;

function linkTo(part: HTMLElement, address: string | null): HTMLElement | null {
  return address === null ? null : part.querySelector<HTMLElement>(`a[href="${CSS.escape(address)}"]`);
}
