/** Appends the next part of a transcript below this one instead of loading a page. */
import { announce } from "./live-region.ts";
import { revealCopyButtons } from "./copy.ts";
import { updateTimes } from "./times.ts";

/** Dispatched on the document when messages were added. */
export const MESSAGES_ADDED = "nexus:more-messages";

export function bindLoadMore(): void {
  document.addEventListener("click", (event) => {
    const link =
      event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[data-load-more]") : null;
    const list = document.querySelector("ol.transcript");
    if (!link || !list || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.setAttribute("aria-busy", "true");
    void append(link, list);
  });
}

async function append(link: HTMLAnchorElement, list: Element): Promise<void> {
  const response = await fetch(link.href, { headers: { accept: "text/html" } }).catch(() => null);
  const html = response?.ok && !response.redirected ? await response.text() : "";
  const next = new DOMParser().parseFromString(html, "text/html");
  const loaded = next.querySelector("ol.transcript");
  // Signed out or failed: the page shows which.
  if (!loaded) return location.assign(link.href);
  const messages = [...loaded.children].filter(({ id }) => !document.getElementById(id));
  const first = messages.find((message) => message.hasAttribute("data-row"));
  list.append(...messages);
  const pager = next.querySelector("[data-load-more]");
  if (pager) link.replaceWith(document.importNode(pager, true));
  else link.remove();
  revealCopyButtons(list);
  updateTimes();
  announce(`${messages.length} more messages loaded.`);
  document.dispatchEvent(new CustomEvent(MESSAGES_ADDED));
  if (first instanceof HTMLElement) first.focus({ preventScroll: true });
}
