/**
 * The tree of a conversation comes to life: dragged and pinched, zoomed by buttons and keys, walked with arrows; a card
 * says what a node is; reading marks the node of what is on the screen. Without it the tree scrolls and its links work.
 */
import { select } from "d3-selection";
import { zoom, zoomIdentity, zoomTransform, type ZoomBehavior, type ZoomTransform } from "d3-zoom";
import { MORE } from "./load-more.ts";
import { bindTreeCard } from "./tree-card.ts";
import { placeOf, type Place, stepFrom } from "./tree-navigation.ts";

const SCALES: [number, number] = [0.1, 5];
const STEP = 1.3;
/** Most that one turn of the wheel zooms, as a power of two. */
const LEAP = 0.35;
/** A press that moves less than this is a click. */
const CLICK_PX = 4;
/** How far the drawing may leave its frame, so that nothing sticks to an edge. */
const SLACK = 60;

export function bindTrees(): void {
  for (const frame of document.querySelectorAll<HTMLElement>("[data-tree]")) bindTree(frame);
}

interface Live {
  frame: HTMLElement;
  svg: SVGSVGElement;
  /** Drawn bounds: left, top, width, height. */
  bounds: [number, number, number, number];
  behaviour: ZoomBehavior<SVGSVGElement, unknown>;
}

function bindTree(frame: HTMLElement): void {
  const svg = frame.querySelector<SVGSVGElement>("svg.tree-drawing");
  const moved = svg?.querySelector<SVGGElement>("[data-tree-moves]");
  if (!svg || !moved) return;
  const { x, y, width, height } = svg.viewBox.baseVal;
  // From here on one unit is one pixel and the group carries the transformation.
  svg.removeAttribute("viewBox");
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  frame.style.height = `${Math.ceil(height)}px`;
  frame.classList.add("is-live");
  const behaviour = zoom<SVGSVGElement, unknown>()
    .scaleExtent(SCALES)
    .extent(() => [
      [0, 0],
      [frame.clientWidth, frame.clientHeight],
    ])
    .wheelDelta(wheelDelta)
    // A hand that clicks is never quite still.
    .clickDistance(CLICK_PX)
    .translateExtent([
      [x - SLACK, y - SLACK],
      [x + width + SLACK, y + height + SLACK],
    ])
    .constrain((transform, [[left, top], [right, bottom]], [[x0, y0], [x1, y1]]) =>
      transform.translate(
        excess(transform.invertX(left) - x0, transform.invertX(right) - x1),
        excess(transform.invertY(top) - y0, transform.invertY(bottom) - y1),
      ),
    )
    // The wheel alone scrolls; with Ctrl, as a pinch says it, it zooms.
    .filter((event: MouseEvent) =>
      event.type === "wheel" ? event.ctrlKey || event.metaKey : event.button === 0,
    )
    .on("zoom", (event: { transform: { toString(): string } }) => {
      moved.setAttribute("transform", event.transform.toString());
    });
  select(svg).call(behaviour).on("dblclick.zoom", null);
  const live: Live = { frame, svg, bounds: [x, y, width, height], behaviour };
  showFirst(live);
  bindWheel(live);
  bindButtons(live);
  bindTreeCard(frame);
  bindWalking(live);
  bindReading(live);
  bindRuns(live);
  bindPrinting(live);
}

/**
 * How far the drawing was moved too far, from the gaps at its beginning and at its end: a large one fills its frame, a small
 * one stays within it, each but for the slack. (d3 itself moves a small one to the middle as soon as it is touched.)
 */
function excess(first: number, last: number): number {
  return last <= first
    ? Math.min(0, first) || Math.max(0, last)
    : Math.max(0, first - 2 * SLACK) || Math.min(0, last + 2 * SLACK);
}

/** A pinch comes as many small turns of the wheel, a mouse's wheel as few large ones: neither may leap. */
function wheelDelta(event: WheelEvent): number {
  const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
  return Math.max(-LEAP, Math.min(LEAP, -pixels * 0.02));
}

/** Paper has room for all of it, whatever part was looked at. */
function bindPrinting({ svg, behaviour, bounds: [left, top] }: Live): void {
  let seen: ZoomTransform | null = null;
  addEventListener("beforeprint", () => {
    if (!svg.isConnected) return;
    seen = zoomTransform(svg);
    behaviour.transform(select(svg), zoomIdentity.translate(-left, -top));
  });
  addEventListener("afterprint", () => {
    if (seen && svg.isConnected) behaviour.transform(select(svg), seen);
    seen = null;
  });
}

const itemsOf = (svg: SVGSVGElement) => [...svg.querySelectorAll<SVGElement>("[data-item]")];
const markedOf = (svg: SVGSVGElement) => svg.querySelector<SVGElement>(".node[aria-current]");

/** All of it where it fits as it is, else what is read; from the left edge. */
function showFirst(live: Live): void {
  const { svg, behaviour, bounds } = live;
  const { clientHeight: height } = live.frame;
  const marked = markedOf(svg) ?? svg.querySelector<SVGElement>(".box[aria-current]");
  const at = marked && placeOf(marked);
  const top = bounds[3] <= height || !at ? bounds[1] : Math.max(bounds[1], at.y - height / 2);
  behaviour.transform(select(svg), zoomIdentity.translate(-bounds[0], -top));
}

function fit({ svg, behaviour, bounds: [left, top, width, height], frame }: Live): void {
  const scale = Math.max(SCALES[0], Math.min(frame.clientWidth / width, frame.clientHeight / height, 1));
  const x = Math.max(0, (frame.clientWidth - width * scale) / 2);
  behaviour.transform(select(svg), zoomIdentity.translate(x - left * scale, -top * scale).scale(scale));
}

function bindWheel({ svg, behaviour }: Live): void {
  svg.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || event.metaKey) return;
      const before = transformOf(svg);
      const lines = event.deltaMode === 1 ? 16 : 1;
      const scale = scaleOf(svg);
      behaviour.translateBy(select(svg), (-event.deltaX * lines) / scale, (-event.deltaY * lines) / scale);
      // At its end the page scrolls on.
      if (transformOf(svg) !== before) event.preventDefault();
    },
    { passive: false },
  );
}

const transformOf = (svg: SVGSVGElement) =>
  svg.querySelector("[data-tree-moves]")?.getAttribute("transform") ?? "";
const scaleOf = (svg: SVGSVGElement) => Number(/scale\(([\d.e-]+)\)/.exec(transformOf(svg))?.[1] ?? 1);

function bindButtons(live: Live): void {
  const tools = live.frame.parentElement?.querySelector<HTMLElement>("[data-tree-tools]");
  if (!tools) return;
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const button =
      event.target instanceof Element ? event.target.closest<HTMLElement>("[data-tree-zoom]") : null;
    if (button) zoomTo(live, button.dataset.treeZoom ?? "");
  });
}

function zoomTo(live: Live, how: string): void {
  if (how === "fit") fit(live);
  else live.behaviour.scaleBy(select(live.svg), how === "in" ? STEP : 1 / STEP);
}

const DIRECTIONS: Readonly<Record<string, [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** One item is in the order of Tab; arrows, Home and End go to the others. */
function bindWalking(live: Live): void {
  const { svg } = live;
  const items = itemsOf(svg);
  const places = new Map(items.map((item) => [item, placeOf(item)]));
  const enter = (item: SVGElement | null | undefined) => {
    if (!item) return;
    for (const other of items) other.setAttribute("tabindex", other === item ? "0" : "-1");
  };
  enter(markedOf(svg) ?? items[0]);
  svg.addEventListener("focusin", (event) => {
    const item = event.target instanceof Element ? event.target.closest<SVGElement>("[data-item]") : null;
    enter(item);
    // What somebody clicks is in view; moving it away under the pointer would lose the click.
    if (item?.matches(":focus-visible")) bringIntoView(live, places.get(item)!);
  });
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const from = event.target instanceof Element ? event.target.closest<SVGElement>("[data-item]") : null;
    const nodes = items.filter((item) => item.classList.contains("node"));
    const direction = DIRECTIONS[event.key];
    const goal =
      event.key === "Home"
        ? nodes[0]
        : event.key === "End"
          ? nodes.at(-1)
          : direction && from
            ? stepFrom(from, direction, places)
            : undefined;
    const zooms = { "+": "in", "=": "in", "-": "out", "0": "fit" }[event.key];
    // Enter is the link's own; the page's keys must not take it for theirs.
    if (event.key === "Enter") return event.stopPropagation();
    if (zooms) zoomTo(live, zooms);
    else if (!goal && !direction) return;
    goal?.focus({ preventScroll: true });
    event.preventDefault();
    event.stopPropagation();
  });
}

function bringIntoView({ svg, behaviour, frame }: Live, { x, y }: Place): void {
  const [, dx, dy] = /translate\(([-\d.e]+),\s*([-\d.e]+)\)/.exec(transformOf(svg)) ?? ["", "0", "0"];
  const scale = scaleOf(svg);
  const margin = 18;
  const off = (at: number, size: number) =>
    at < margin ? margin - at : at > size - margin ? size - margin - at : 0;
  const [right, down] = [
    off(x * scale + Number(dx), frame.clientWidth),
    off(y * scale + Number(dy), frame.clientHeight),
  ];
  if (right !== 0 || down !== 0) behaviour.translateBy(select(svg), right / scale, down / scale);
}

/** What is read marks its node: the reading line goes from the top of the screen to its bottom as the page does. */
function bindReading(live: Live): void {
  let messages: HTMLElement[] = [];
  let isWaiting = false;
  const mark = () => {
    isWaiting = false;
    const most = document.documentElement.scrollHeight - innerHeight;
    const line = innerHeight * (0.1 + (most > 0 ? 0.8 * Math.min(1, scrollY / most) : 0));
    const place = lastAbove(messages, line)?.dataset.node;
    const item = place && live.svg.querySelector<SVGElement>(`.node[data-item="${CSS.escape(place)}"]`);
    if (!item || item.getAttribute("aria-current")) return;
    markedOf(live.svg)?.removeAttribute("aria-current");
    item.setAttribute("aria-current", "true");
    bringIntoView(live, placeOf(item));
  };
  const watch = () => {
    messages = [...document.querySelectorAll<HTMLElement>("[data-node]")];
  };
  watch();
  document.addEventListener(MORE, watch);
  addEventListener(
    "scroll",
    () => {
      if (isWaiting || !live.svg.isConnected) return;
      isWaiting = true;
      requestAnimationFrame(mark);
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
function bindRuns(live: Live): void {
  live.svg.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<SVGAElement>("a.run") : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void exchange(live, link.href.baseVal);
  });
}

async function exchange({ frame }: Live, address: string): Promise<void> {
  const response = await fetch(address, { headers: { accept: "text/html" } }).catch(() => null);
  const html = response?.ok && !response.redirected ? await response.text() : "";
  const made = new DOMParser().parseFromString(html, "text/html").querySelector<HTMLElement>("[data-tree]");
  if (!made) return location.assign(address);
  history.replaceState(null, "", address);
  const next = document.importNode(made, true);
  frame.replaceWith(next);
  bindTree(next);
  next.querySelector<SVGElement>(".node[aria-current]")?.focus({ preventScroll: true });
}
