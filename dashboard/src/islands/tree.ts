/**
 * The tree of a conversation: dragging, pinching, zooming by buttons and keys, walking with arrow keys, a card for each
 * node, and a mark at the node of the message on the screen. Without this script the tree scrolls and its links work.
 */
import { select } from "d3-selection";
import { zoom, zoomIdentity, zoomTransform, type ZoomBehavior, type ZoomTransform } from "d3-zoom";
import { MESSAGES_ADDED } from "./load-more.ts";
import { bindTreeCard } from "./tree-card.ts";
import { centerOf, type Point, stepFrom } from "./tree-navigation.ts";

const SCALE_EXTENT: [number, number] = [0.1, 5];
const ZOOM_STEP = 1.3;
/** Most that one turn of the wheel zooms, as a power of two. */
const MAX_WHEEL_ZOOM = 0.35;
/** A press that moves less than this is a click. */
const CLICK_TOLERANCE_PX = 4;
/** How far the drawing may leave its frame, so that nothing sticks to an edge. */
const PAN_MARGIN = 60;

export function bindTrees(): void {
  for (const frame of document.querySelectorAll<HTMLElement>("[data-tree]")) bindTree(frame);
}

interface TreeView {
  frame: HTMLElement;
  svg: SVGSVGElement;
  /** Drawn bounds: left, top, width, height. */
  bounds: [number, number, number, number];
  behavior: ZoomBehavior<SVGSVGElement, unknown>;
}

function bindTree(frame: HTMLElement): void {
  const svg = frame.querySelector<SVGSVGElement>("svg.tree-drawing");
  const group = svg?.querySelector<SVGGElement>("[data-tree-moves]");
  if (!svg || !group) return;
  const { x, y, width, height } = svg.viewBox.baseVal;
  // From here on one unit is one pixel and the group carries the transformation.
  svg.removeAttribute("viewBox");
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  frame.style.height = `${Math.ceil(height)}px`;
  frame.classList.add("is-live");
  const behavior = zoom<SVGSVGElement, unknown>()
    .scaleExtent(SCALE_EXTENT)
    .extent(() => [
      [0, 0],
      [frame.clientWidth, frame.clientHeight],
    ])
    .wheelDelta(wheelDelta)
    // The pointer moves slightly during a click.
    .clickDistance(CLICK_TOLERANCE_PX)
    .translateExtent([
      [x - PAN_MARGIN, y - PAN_MARGIN],
      [x + width + PAN_MARGIN, y + height + PAN_MARGIN],
    ])
    .constrain((transform, [[left, top], [right, bottom]], [[x0, y0], [x1, y1]]) =>
      transform.translate(
        excess(transform.invertX(left) - x0, transform.invertX(right) - x1),
        excess(transform.invertY(top) - y0, transform.invertY(bottom) - y1),
      ),
    )
    // The wheel scrolls; with Ctrl, which a pinch sets, it zooms.
    .filter((event: MouseEvent) =>
      event.type === "wheel" ? event.ctrlKey || event.metaKey : event.button === 0,
    )
    .on("zoom", (event: { transform: { toString(): string } }) => {
      group.setAttribute("transform", event.transform.toString());
    });
  select(svg).call(behavior).on("dblclick.zoom", null);
  const view: TreeView = { frame, svg, bounds: [x, y, width, height], behavior };
  showFirst(view);
  bindWheel(view);
  bindButtons(view);
  bindTreeCard(frame);
  bindKeyboard(view);
  bindScrollSync(view);
  bindRunLinks(view);
  bindPrinting(view);
}

/**
 * How far the drawing was moved too far, from the gaps at its beginning and at its end: a large one fills its frame, a small
 * one stays within it, each but for the slack. (d3 itself moves a small one to the middle as soon as it is touched.)
 */
function excess(first: number, last: number): number {
  return last <= first
    ? Math.min(0, first) || Math.max(0, last)
    : Math.max(0, first - 2 * PAN_MARGIN) || Math.min(0, last + 2 * PAN_MARGIN);
}

/** Limits the step of a wheel event: a pinch sends many small ones, a mouse wheel few large ones. */
function wheelDelta(event: WheelEvent): number {
  const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
  return Math.max(-MAX_WHEEL_ZOOM, Math.min(MAX_WHEEL_ZOOM, -pixels * 0.02));
}

/** Prints the whole drawing, whatever part is shown. */
function bindPrinting({ svg, behavior, bounds: [left, top] }: TreeView): void {
  let beforePrint: ZoomTransform | null = null;
  addEventListener("beforeprint", () => {
    if (!svg.isConnected) return;
    beforePrint = zoomTransform(svg);
    behavior.transform(select(svg), zoomIdentity.translate(-left, -top));
  });
  addEventListener("afterprint", () => {
    if (beforePrint && svg.isConnected) behavior.transform(select(svg), beforePrint);
    beforePrint = null;
  });
}

const itemsOf = (svg: SVGSVGElement) => [...svg.querySelectorAll<SVGElement>("[data-item]")];
const currentNode = (svg: SVGSVGElement) => svg.querySelector<SVGElement>(".node[aria-current]");

/** All of it where it fits as it is, else what is read; from the left edge. */
function showFirst(view: TreeView): void {
  const { svg, behavior, bounds } = view;
  const { clientHeight: height } = view.frame;
  const marked = currentNode(svg) ?? svg.querySelector<SVGElement>(".box[aria-current]");
  const at = marked && centerOf(marked);
  const top = bounds[3] <= height || !at ? bounds[1] : Math.max(bounds[1], at.y - height / 2);
  behavior.transform(select(svg), zoomIdentity.translate(-bounds[0], -top));
}

function fit({ svg, behavior, bounds: [left, top, width, height], frame }: TreeView): void {
  const scale = Math.max(
    SCALE_EXTENT[0],
    Math.min(frame.clientWidth / width, frame.clientHeight / height, 1),
  );
  const x = Math.max(0, (frame.clientWidth - width * scale) / 2);
  behavior.transform(select(svg), zoomIdentity.translate(x - left * scale, -top * scale).scale(scale));
}

function bindWheel({ svg, behavior }: TreeView): void {
  svg.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || event.metaKey) return;
      const before = transformOf(svg);
      const lines = event.deltaMode === 1 ? 16 : 1;
      const scale = scaleOf(svg);
      behavior.translateBy(select(svg), (-event.deltaX * lines) / scale, (-event.deltaY * lines) / scale);
      // At its end the page scrolls on.
      if (transformOf(svg) !== before) event.preventDefault();
    },
    { passive: false },
  );
}

const transformOf = (svg: SVGSVGElement) =>
  svg.querySelector("[data-tree-moves]")?.getAttribute("transform") ?? "";
const scaleOf = (svg: SVGSVGElement) => Number(/scale\(([\d.e-]+)\)/.exec(transformOf(svg))?.[1] ?? 1);

function bindButtons(view: TreeView): void {
  const tools = view.frame.parentElement?.querySelector<HTMLElement>("[data-tree-tools]");
  if (!tools) return;
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const button =
      event.target instanceof Element ? event.target.closest<HTMLElement>("[data-tree-zoom]") : null;
    if (button) zoomTo(view, button.dataset.treeZoom ?? "");
  });
}

function zoomTo(view: TreeView, how: string): void {
  if (how === "fit") fit(view);
  else view.behavior.scaleBy(select(view.svg), how === "in" ? ZOOM_STEP : 1 / ZOOM_STEP);
}

const DIRECTIONS: Readonly<Record<string, [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** One item is in the order of Tab; arrows, Home and End go to the others. */
function bindKeyboard(view: TreeView): void {
  const { svg } = view;
  const items = itemsOf(svg);
  const centers = new Map(items.map((item) => [item, centerOf(item)]));
  const setTabStop = (item: SVGElement | null | undefined) => {
    if (!item) return;
    for (const other of items) other.setAttribute("tabindex", other === item ? "0" : "-1");
  };
  setTabStop(currentNode(svg) ?? items[0]);
  svg.addEventListener("focusin", (event) => {
    const item = event.target instanceof Element ? event.target.closest<SVGElement>("[data-item]") : null;
    setTabStop(item);
    // A clicked item is in view; moving it under the pointer would lose the click.
    if (item?.matches(":focus-visible")) bringIntoView(view, centers.get(item)!);
  });
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const from = event.target instanceof Element ? event.target.closest<SVGElement>("[data-item]") : null;
    const nodes = items.filter((item) => item.classList.contains("node"));
    const direction = DIRECTIONS[event.key];
    const target =
      event.key === "Home"
        ? nodes[0]
        : event.key === "End"
          ? nodes.at(-1)
          : direction && from
            ? stepFrom(from, direction, centers)
            : undefined;
    const zooms = { "+": "in", "=": "in", "-": "out", "0": "fit" }[event.key];
    // Enter is the link's own; the page's keys must not take it for theirs.
    if (event.key === "Enter") return event.stopPropagation();
    if (zooms) zoomTo(view, zooms);
    else if (!target && !direction) return;
    target?.focus({ preventScroll: true });
    event.preventDefault();
    event.stopPropagation();
  });
}

function bringIntoView({ svg, behavior, frame }: TreeView, { x, y }: Point): void {
  const [, dx, dy] = /translate\(([-\d.e]+),\s*([-\d.e]+)\)/.exec(transformOf(svg)) ?? ["", "0", "0"];
  const scale = scaleOf(svg);
  const margin = 18;
  const overshoot = (at: number, size: number) =>
    at < margin ? margin - at : at > size - margin ? size - margin - at : 0;
  const [right, down] = [
    overshoot(x * scale + Number(dx), frame.clientWidth),
    overshoot(y * scale + Number(dy), frame.clientHeight),
  ];
  if (right !== 0 || down !== 0) behavior.translateBy(select(svg), right / scale, down / scale);
}

/** What is read marks its node: the reading line goes from the top of the screen to its bottom as the page does. */
function bindScrollSync(view: TreeView): void {
  let messages: HTMLElement[] = [];
  let isWaiting = false;
  const markCurrent = () => {
    isWaiting = false;
    const scrollable = document.documentElement.scrollHeight - innerHeight;
    const line = innerHeight * (0.1 + (scrollable > 0 ? 0.8 * Math.min(1, scrollY / scrollable) : 0));
    const place = lastAbove(messages, line)?.dataset.node;
    const item = place && view.svg.querySelector<SVGElement>(`.node[data-item="${CSS.escape(place)}"]`);
    if (!item || item.getAttribute("aria-current")) return;
    currentNode(view.svg)?.removeAttribute("aria-current");
    item.setAttribute("aria-current", "true");
    bringIntoView(view, centerOf(item));
  };
  const collectMessages = () => {
    messages = [...document.querySelectorAll<HTMLElement>("[data-node]")];
  };
  collectMessages();
  document.addEventListener(MESSAGES_ADDED, collectMessages);
  addEventListener(
    "scroll",
    () => {
      if (isWaiting || !view.svg.isConnected) return;
      isWaiting = true;
      requestAnimationFrame(markCurrent);
    },
    { passive: true },
  );
}

/** The last of `elements`, which stand below each other, that begins above `line`. */
function lastAbove(elements: readonly HTMLElement[], line: number): HTMLElement | undefined {
  let [from, to] = [0, elements.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (elements[middle]!.getBoundingClientRect().top <= line) from = middle + 1;
    else to = middle;
  }
  return elements[Math.max(0, from - 1)];
}

/** Opening a run brings a new drawing in place of this one; everything else stays where it is. */
function bindRunLinks(view: TreeView): void {
  view.svg.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<SVGAElement>("a.run") : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void replaceTree(view, link.href.baseVal);
  });
}

async function replaceTree({ frame }: TreeView, address: string): Promise<void> {
  const response = await fetch(address, { headers: { accept: "text/html" } }).catch(() => null);
  const html = response?.ok && !response.redirected ? await response.text() : "";
  const loaded = new DOMParser().parseFromString(html, "text/html").querySelector<HTMLElement>("[data-tree]");
  if (!loaded) return location.assign(address);
  history.replaceState(null, "", address);
  const next = document.importNode(loaded, true);
  frame.replaceWith(next);
  bindTree(next);
  next.querySelector<SVGElement>(".node[aria-current]")?.focus({ preventScroll: true });
}
