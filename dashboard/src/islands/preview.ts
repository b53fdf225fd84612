/** The last exchange of a conversation beside its row, after a moment of hovering or with the row's focus; Esc closes it. */

const HOVER_DELAY_MS = 350;
const WIDTH = 420;

export function bindPreviews(): void {
  if (!document.querySelector("[data-preview]")) return;
  const card = document.createElement("div");
  card.className = "preview-card";
  card.id = "preview-card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  document.body.append(card);
  const fetched = new Map<string, Promise<string>>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let target: HTMLElement | null = null;

  const hide = () => {
    clearTimeout(timer);
    target?.removeAttribute("aria-describedby");
    target = null;
    card.hidden = true;
  };
  const show = async (link: HTMLElement) => {
    const address = link.dataset.preview ?? "";
    const text = fetched.get(address) ?? load(address);
    fetched.set(address, text);
    const html = await text;
    if (html === "") fetched.delete(address);
    if (target !== link || html === "") return;
    card.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    positionCard(card, link);
    link.setAttribute("aria-describedby", card.id);
  };
  const schedule = (link: HTMLElement | null) => {
    if (link === target) return;
    hide();
    if (!link) return;
    target = link;
    timer = setTimeout(() => void show(link), HOVER_DELAY_MS);
  };
  const linkOf = (event: Event) =>
    event.target instanceof Element
      ? (event.target.closest("[data-row]")?.querySelector<HTMLElement>("[data-preview]") ?? null)
      : null;

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse") schedule(linkOf(event));
  });
  document.addEventListener("focusin", (event) => {
    if (event.target instanceof Element && event.target.matches(":focus-visible")) schedule(linkOf(event));
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  addEventListener("scroll", hide, { passive: true });
}

async function load(address: string): Promise<string> {
  const response = await fetch(address, { headers: { accept: "text/html" } }).catch(() => null);
  return response?.ok && !response.redirected ? response.text() : "";
}

/** Below its row, or above it near the bottom of the window. */
function positionCard(card: HTMLElement, link: HTMLElement): void {
  const row = (link.closest("[data-row]") ?? link).getBoundingClientRect();
  card.hidden = false;
  card.style.left = `${Math.max(8, Math.min(row.left + 24, innerWidth - WIDTH - 8))}px`;
  const height = card.offsetHeight;
  card.style.top = `${row.bottom + height + 8 <= innerHeight ? row.bottom + 4 : Math.max(8, row.top - height - 4)}px`;
}
