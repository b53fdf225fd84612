/** The card of a node: 250 × 130 pixels above it, on hover and on focus, closed by Esc. Its text is the node's `<title>`. */

const WIDTH = 250;
const HEIGHT = 130;
const GAP = 8;

export function bindTreeCard(frame: HTMLElement): void {
  const card = document.createElement("div");
  card.className = "tree-card";
  card.setAttribute("role", "tooltip");
  card.id = "tree-card";
  card.hidden = true;
  document.getElementById(card.id)?.remove();
  document.body.append(card);
  let shown: Element | null = null;

  // Replaces the browser's tooltip: the title becomes the accessible name.
  const descriptions = new Map<Element, string>();
  for (const item of frame.querySelectorAll("[data-item]")) {
    const title = item.querySelector("title");
    const description = title?.textContent ?? "";
    descriptions.set(item, description);
    title?.remove();
    // Voice control uses visible text, so the accessible name contains it (WCAG 2.5.3).
    const visibleText = (item.textContent ?? "").replaceAll(/\s+/g, " ").trim();
    const name = description.replaceAll("\n", ". ");
    item.setAttribute(
      "aria-label",
      visibleText === "" || name.startsWith(visibleText) ? name : `${name}. ${visibleText}`,
    );
  }

  const hide = () => {
    card.hidden = true;
    shown = null;
  };
  const show = (item: Element) => {
    const [heading = "", ...rest] = (descriptions.get(item) ?? "").split("\n");
    const strong = document.createElement("strong");
    strong.textContent = heading;
    const text = document.createElement("p");
    text.textContent = rest.join("\n");
    text.dir = "auto";
    card.replaceChildren(strong, text);
    const box = (item.querySelector("circle, rect") ?? item).getBoundingClientRect();
    const left = Math.max(4, Math.min(box.left + box.width / 2 - WIDTH / 2, innerWidth - WIDTH - 4));
    const above = box.top - HEIGHT - GAP;
    card.style.left = `${left}px`;
    card.style.top = `${above >= 4 ? above : box.bottom + GAP}px`;
    card.hidden = false;
    shown = item;
  };
  const itemOf = (event: Event) =>
    event.target instanceof Element ? event.target.closest("[data-item]") : null;

  frame.addEventListener("pointerover", (event) => {
    const item = itemOf(event);
    if (item && event.pointerType !== "touch") show(item);
  });
  frame.addEventListener("pointerout", (event) => {
    const next = event.relatedTarget instanceof Element ? event.relatedTarget.closest("[data-item]") : null;
    if (shown !== null && next !== shown) hide();
  });
  frame.addEventListener("focusin", (event) => {
    const item = itemOf(event);
    // After the drawing has moved to show it.
    if (item?.matches(":focus-visible")) requestAnimationFrame(() => show(item));
  });
  frame.addEventListener("focusout", hide);
  frame.addEventListener("wheel", hide, { passive: true });
  frame.addEventListener("pointerdown", hide);
  addEventListener("scroll", hide, { passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
}
