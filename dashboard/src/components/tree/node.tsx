/** A request in the drawing of a conversation: its mark, how many sub-tasks it called, its messages, its context gauge. */
import type { ConversationTree as Tree } from "../../../../workers/schemas/api/conversations.ts";
import { NEARLY_FULL_SHARE } from "../../charts/context-gauge.tsx";
import { contextWindow } from "../../../../workers/domain/messages/context-window.ts";
import { formatExact } from "../../format/number.ts";
import type { PlacedItem } from "../../tree/layout.ts";
import { nodeNote, nodeTitle } from "../../tree/labels.ts";
import { hue, type TreeLinks } from "./edges.tsx";

/** What a node's label is made of. */
export interface NodeLabelContext {
  tree: Tree;
  model: string | null;
  clock: (at: number) => string;
  /** Shows a line beside each node. */
  showsNotes: boolean;
}

interface Props {
  item: PlacedItem;
  place: number;
  isMarked: boolean;
  links: TreeLinks;
  labels: NodeLabelContext;
}

export function TreeNode({ item, place, isMarked, links, labels }: Props) {
  const { tree, model } = labels;
  const { x, y, labelX } = item;
  const last = item.nodes.at(-1)!;
  const node = tree.nodes[last]!;
  const isRun = item.kind === "run";
  const isUserMessage = node.speaks === "person";
  const kinds = [
    "node",
    hue(item.branch, tree),
    isRun ? "run" : item.isFork ? "fork" : isUserMessage ? "user-message" : "tools",
    node.failed && !isRun && "failed",
  ].filter(Boolean);
  return (
    <a
      class={kinds.join(" ")}
      href={isRun ? links.open(item.nodes[0]!) : links.node(last)}
      data-item={place}
      aria-current={isMarked ? "true" : undefined}
    >
      <title>{nodeTitle(item, labels)}</title>
      <circle class="hit" cx={x} cy={y} r="12" />
      {isRun && labelX !== null && (
        <rect class="hit reach" x={x} y={y - 11} width={labelX - x + 90} height="22" rx="4" />
      )}
      {isRun ? (
        <path class="mark" d={`M${x} ${y - 7}v.01M${x} ${y}v.01M${x} ${y + 7}v.01`} />
      ) : item.isFork ? (
        <path class="mark" d={`M${x} ${y - 8}l8 8-8 8-8-8z`} />
      ) : (
        <circle class="mark" cx={x} cy={y} r={isUserMessage ? 6 : 4} />
      )}
      {node.failed && !isRun && <path class="cross" d={`M${x - 3} ${y - 3}l6 6m0-6l-6 6`} />}
      {item.spawned > 0 && (
        <g class="spawned">
          <rect
            x={x + 10}
            y={y - 17}
            width={item.spawned > 99 ? 30 : item.spawned > 9 ? 23 : 16}
            height="14"
            rx="7"
          />
          <text x={x + (item.spawned > 99 ? 25 : item.spawned > 9 ? 21.5 : 18)} y={y - 6.5}>
            {item.spawned}
          </text>{" "}
        </g>
      )}
      {labelX !== null &&
        (isRun ? (
          <text class="node-label" x={labelX} y={y + 4}>
            … {formatExact(item.nodes.length)} requests
          </text>
        ) : (
          <>
            <text
              class="node-label"
              x={item.spawned > 0 ? labelX + 16 : labelX}
              y={item.spawned > 0 ? y - 7 : y + 4}
            >
              {formatExact(node.messages)}
              {item.nodes.length > 1 && <tspan class="attempts">{` ×${item.nodes.length}`}</tspan>}
            </text>{" "}
            {node.context !== null && (
              <NodeContextGauge
                x={labelX + 34 + (item.spawned > 0 ? 16 : 0)}
                y={item.spawned > 0 ? y - 14 : y - 3}
                share={node.context / contextWindow(model, node.context).tokens}
              />
            )}
            {labels.showsNotes && item.spawned === 0 && (
              <text class="node-label note" x={labelX + 64} y={y + 4}>
                {nodeNote(item, labels)}
              </text>
            )}
          </>
        ))}
    </a>
  );
}

function NodeContextGauge({ x, y, share }: { x: number; y: number; share: number }) {
  const full = Math.min(1, share) * 18;
  return (
    <>
      <path class="gauge" d={`M${x} ${y}h18v6h-18z`} />
      <path
        class={share >= NEARLY_FULL_SHARE ? "gauge-fill full" : "gauge-fill"}
        d={`M${x} ${y}h${full.toFixed(1)}v6H${x}z`}
      />
    </>
  );
}
